//! SIGINT and SIGTERM become a request to stop; the second one becomes a demand (PKR-10).

use hc_core::Cancel;

/// Watches for signals from now on, and tells `cancel` of them.
pub(crate) fn watch(cancel: &Cancel) {
    #[cfg(unix)]
    {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
        use signal_hook::iterator::Signals;
        // Without handlers the default action ends the process, which is the next best thing.
        if let Ok(mut signals) = Signals::new([SIGINT, SIGTERM, SIGHUP]) {
            let asker = cancel.clone();
            std::thread::spawn(move || {
                for _ in signals.forever() {
                    asker.request();
                    let text = if asker.requests() == 1 {
                        "\nstopping: packer cleans up, a second interrupt kills it\n"
                    } else {
                        "\nkilling packer\n"
                    };
                    let _ = std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes());
                }
            });
        }
    }
}
