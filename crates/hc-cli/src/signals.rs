//! SIGINT and SIGTERM become a request to stop; the second one becomes a demand (PKR-10).

use hc_core::Cancel;

/// Keeps this process from being ended by signals that are errors for others: a file that may not grow any more
/// (`ulimit -f`) is an error of the write. The handler is forgotten by the programs that are started.
pub(crate) fn outlive() {
    #[cfg(unix)]
    {
        let heard = std::sync::Arc::default();
        // Without it the signal ends the process, which is the next best thing.
        let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, heard);
    }
}

/// Watches for signals from now on, and tells `cancel` of them.
///
/// # Errors
/// When there is no thread to watch.
pub(crate) fn watch(cancel: &Cancel) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
        use signal_hook::iterator::Signals;
        // Without handlers the default action ends the process, which is the next best thing.
        if let Ok(mut signals) = Signals::new([SIGINT, SIGTERM, SIGHUP]) {
            let asker = cancel.clone();
            std::thread::Builder::new().spawn(move || {
                for _ in signals.forever() {
                    asker.request();
                    let text = if asker.requests() == 1 {
                        "\nstopping: packer cleans up, a second interrupt kills it\n"
                    } else {
                        "\nkilling packer\n"
                    };
                    let _ = std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes());
                }
            })?;
        }
    }
    Ok(())
}
