//! Canaries: generated secrets, and the forms in which they turn up in the output of programs.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// Small, fast and the same every time.
#[derive(Debug)]
pub struct Dice(pub u64);

impl Dice {
    /// A number below `sides`.
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % sides
    }

    /// A secret: 10 to 50 characters, a third of them plain letters only.
    pub fn secret(&mut self) -> String {
        const PLAIN: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
        const WILD: &[char] = &[
            '"', '\'', '\\', '$', '`', ',', ' ', '&', '<', '/', '+', '=', '%', '{', '}', '!', 'é', '#', '\n',
            ';',
        ];
        let length = 8 + self.roll(40);
        let wild = self.roll(3);
        let mut secret = String::new();
        for _ in 0..length {
            match self.roll(4) {
                0 if wild > 0 => secret.push(WILD[self.roll(WILD.len())]),
                _ => secret.push(char::from(PLAIN[self.roll(PLAIN.len())])),
            }
        }
        // Blank edges are trimmed by whatever reads a secret.
        format!("k{}z", secret.trim())
    }
}

/// The forms in which a secret turns up, written independently of the redactor: name and text.
pub fn encodings(secret: &str, dice: &mut Dice) -> Vec<(&'static str, String)> {
    let percent = |plus: bool| -> String {
        secret
            .bytes()
            .map(|b| match b {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                    char::from(b).to_string()
                }
                b' ' if plus => "+".into(),
                b => format!("%{b:02X}"),
            })
            .collect()
    };
    let escaped = |special: &str, mark: char| -> String {
        secret.chars().flat_map(|c| special.contains(c).then_some(mark).into_iter().chain([c])).collect()
    };
    let wrap = |text: &str, width: usize| -> String {
        let chars: Vec<char> = text.chars().collect();
        chars.chunks(width).map(|line| line.iter().collect::<String>()).collect::<Vec<_>>().join("\n")
    };
    let before = "x".repeat(dice.roll(100));
    let neighbours = format!("{before}{secret}{}", "y".repeat(dice.roll(5)));
    // What of the encoded neighbours depends on the secret alone.
    let core = (before.len() * 8).div_ceil(6)..(before.len() + secret.len()) * 8 / 6;
    let json = serde_json::Value::from(secret).to_string();
    vec![
        ("raw", secret.to_owned()),
        ("base64", STANDARD.encode(&neighbours)[core.clone()].to_owned()),
        ("base64url", URL_SAFE.encode(&neighbours)[core].to_owned()),
        ("url", percent(false)),
        ("form", percent(true)),
        ("json", json[1..json.len() - 1].to_owned()),
        ("shell single", secret.replace('\'', "'\\''")),
        ("shell double", escaped("\\\"$`", '\\')),
        ("powershell single", secret.replace('\'', "''")),
        ("powershell double", escaped("`$\"", '`').replace('\n', "`n")),
        ("hcl", json[1..json.len() - 1].replace("${", "$${").replace("%{", "%%{")),
        ("comma", secret.replace(',', "%!(PACKER_COMMA)").replace('\n', "\\n")),
        ("wrapped base64", wrap(&STANDARD.encode(&neighbours), 76)),
        ("wrapped raw", wrap(secret, 7)),
    ]
}
