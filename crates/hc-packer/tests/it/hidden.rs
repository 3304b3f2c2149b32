//! Nothing that is secret gets past, and nothing that only sounds like a failure decides (LOG-2, PKR-4).

use hc_packer::classify::classify_text;
use hc_packer::{Built, Cancel, Class, Event, Redact, Rules};

use super::fake::{World, quick};

const SECRET: &str = "hunter2hunter2";

struct Hide;

impl Redact for Hide {
    fn redact(&self, line: &[u8]) -> Vec<u8> {
        String::from_utf8_lossy(line).replace(SECRET, "***").into_bytes()
    }
}

fn build(world: &World, hook: &[&str]) -> (Built, String) {
    let mut said = String::new();
    let retry = quick(1);
    let retry = match hook.split_first() {
        Some((program, args)) => retry.before(program, args),
        None => retry,
    };
    let building = world.a_build().platform("aws").redact(Hide).retry(retry).on_event(|event| {
        if let Event::Line { text, .. } = event {
            said.push_str(&text);
        }
    });
    let built = building.run(&Cancel::new()).unwrap();
    (built, said)
}

#[test]
fn a_secret_is_not_divided_where_a_long_line_is_cut() {
    // So dense that some of the cuts, wherever they are, would fall into one.
    let world = World::new("1.16.0", "cat \"$FAKE/long\"; cp \"$FAKE/long\" \"$PACKER_LOG_PATH\"; exit 1");
    let mut line = String::new();
    while line.len() < 4_000_000 {
        line.push_str(&"y".repeat(41 - SECRET.len()));
        line.push_str(SECRET);
    }
    std::fs::write(world.dir.path().join("fake/long"), &line).unwrap();
    let (built, said) = build(&world, &[]);
    let own = std::fs::read_to_string(world.dir.path().join("work/attempt-1/packer.log")).unwrap();
    for text in [String::from_utf8(world.raw_log()).unwrap(), own, said, built.result.stdout] {
        let text = text.replace('\n', "");
        assert!(!text.contains(SECRET));
        // No half of it either: all that is left is filling and stars.
        assert!(text.bytes().all(|byte| matches!(byte, b'y' | b'*')));
    }
    assert_eq!(world.raw_log().iter().filter(|byte| **byte == b'*').count(), 3 * (line.len() / 41));
}

#[test]
fn what_hooks_print_is_redacted() {
    let world = World::new("1.16.0", "echo '1,null.x,error,Timeout waiting for SSH.'; exit 1");
    let (_, said) = build(&world, &["/bin/sh", "-c", "echo logged in with hunter2hunter2"]);
    assert!(said.contains("logged in with ***"), "{said}");
}

#[test]
fn the_log_of_a_quick_command_is_cleaned_too() {
    let world = World::new("1.16.0", "echo \"token $PKR_VAR_token\" > \"$PACKER_LOG_PATH\"");
    world.around(world.packer.validate("stage")).redact(Hide).run(&Cancel::new()).unwrap();
    let own = std::fs::read_to_string(world.dir.path().join("work/check.log")).unwrap();
    assert_eq!(own, "token ***\n");
}

#[test]
fn what_provisioners_write_decides_nothing() {
    let noise = "echo '1,,ui,error,==> null.x: curl: (7) connection refused%!(PACKER_COMMA) ignored'\n\
                 echo '1,,ui,error,==> null.x: Error: AuthFailure in the tests of the application'\n\
                 echo \"1,,ui,message,    null.x: Build 'null.other' errored after 1 s: Timeout waiting for SSH.\"\n";
    // Killed, so no line of packer's own says why.
    let world = World::new("1.16.0", &format!("{noise}kill -KILL $$"));
    let (built, _) = build(&world, &[]);
    assert_eq!((built.result.classification, world.fake.calls()), (Class::Unknown, 1));
    let failed = "echo \"1,,ui,error,Build 'null.x' errored after 1 s: Script exited with non-zero exit status: 3\"\n\
                  echo '1,null.x,error,Script exited with non-zero exit status: 3'; exit 1";
    let world = World::new("1.16.0", &format!("{noise}{failed}"));
    let (built, _) = build(&world, &[]);
    assert_eq!(built.result.rule.as_deref(), Some("provisioner-exit"));
    let log = String::from_utf8(world.raw_log()).unwrap();
    let found = classify_text(&Rules::built_in(), "aws", &log);
    assert_eq!(found.rule.as_deref(), Some("provisioner-exit"));
}

/// A redactor that knows nothing does not switch off what the crate knows itself.
#[test]
fn the_secrets_of_a_build_are_hidden_whatever_its_redactor_does() {
    struct Knows;
    impl Redact for Knows {
        fn redact(&self, line: &[u8]) -> Vec<u8> {
            line.to_vec()
        }
    }
    let world = World::new(
        "1.16.0",
        "echo \"token $PKR_VAR_token\" | tee \"$PACKER_LOG_PATH\"; echo \"1,,ui,say,==> null.x: $PKR_VAR_token\"; \
         echo \"also $PKR_VAR_token\" >&2; exit 1",
    );
    let mut events = String::new();
    let building = world.a_build().redact(Knows).on_event(|event| events.push_str(&format!("{event:?}")));
    let result = building.run(&Cancel::new()).unwrap().result;
    let own = std::fs::read_to_string(world.dir.path().join("work/attempt-1/packer.log")).unwrap();
    let log = String::from_utf8(world.raw_log()).unwrap();
    for text in [&events, &own, &log, &result.stdout, &result.stderr] {
        assert!(text.contains("***") && !text.contains(SECRET), "{text}");
    }
    assert!(world.fake.env(1).unwrap().contains(&format!("PKR_VAR_token={SECRET}")));
}
