//! A terminal of 80 columns: util-linux's `script` gives it, and what it would show in the end is worked out here.

use std::process::{Command, Stdio};

use crate::project::Project;

/// Columns of the terminal.
const WIDTH: usize = 80;

/// What `hybrid` with `args` leaves on the screen, `␛` for the escapes of its colours.
pub(super) fn run(project: &Project, args: &[&str]) -> String {
    let inner = project.command(args);
    let words = std::iter::once(inner.get_program()).chain(inner.get_args());
    let quoted = words.map(|word| format!("'{}'", word.to_str().unwrap())).collect::<Vec<_>>().join(" ");
    // A test may leave `PATH` without `stty`.
    let own_path = inner.get_envs().filter(|(name, _)| *name == "PATH").find_map(|(_, value)| value).unwrap();
    let line = format!("stty cols {WIDTH} rows 24; PATH='{}' exec {quoted}", own_path.to_str().unwrap());
    let output = Command::new("script")
        .args(["-q", "-e", "-c", &line, "/dev/null"])
        .current_dir(project.root())
        .env_clear()
        .envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("TERM", "xterm-256color")
        .env("SHELL", "/bin/sh")
        .stdin(Stdio::null())
        .output()
        .expect("script of util-linux is installed");
    screen(&String::from_utf8(output.stdout).unwrap()).replace('\u{1b}', "␛")
}

/// What stands on the screen after `text`: status lines that were wiped away are gone.
fn screen(text: &str) -> String {
    let mut screen = Screen { rows: vec![Row::default()], at: 0, column: 0 };
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let mut length = c.len_utf8();
        match c {
            '\n' => screen.down(Row::default()),
            '\r' => screen.column = 0,
            '\u{1b}' => {
                length = rest.find(|c: char| c.is_ascii_alphabetic()).map_or(rest.len(), |at| at + 1);
                screen.sequence(&rest[..length]);
            }
            c => screen.put(c),
        }
        rest = &rest[length..];
    }
    screen.text()
}

/// As many rows as are needed, of [`WIDTH`] columns.
struct Screen {
    rows: Vec<Row>,
    at: usize,
    column: usize,
}

#[derive(Default)]
struct Row {
    text: String,
    /// Whether it goes on with a line that was too long for the row above.
    goes_on: bool,
}

impl Screen {
    fn down(&mut self, new: Row) {
        (self.at, self.column) = (self.at + 1, 0);
        self.rows.truncate(self.at);
        self.rows.push(new);
    }

    fn put(&mut self, c: char) {
        if self.column == WIDTH {
            // Progress bars fill their row with spaces instead of ending it: a spinner begins the next line.
            let spinner = ('\u{2800}'..='\u{28ff}').contains(&c);
            self.down(Row { goes_on: !spinner, ..Row::default() });
        }
        self.rows[self.at].text.push(c);
        self.column += 1;
    }

    fn sequence(&mut self, sequence: &str) {
        match sequence.chars().last() {
            Some('K') => self.rows[self.at].text.clear(),
            Some('m') => {
                // So does the colour of the next target.
                if self.column == WIDTH && sequence.starts_with("\u{1b}[3") {
                    self.down(Row::default());
                }
                self.rows[self.at].text.push_str(sequence);
            }
            _ => panic!("a new way to steer the terminal: {sequence:?}"),
        }
    }

    /// The lines; rows that only the width parted are put together again.
    fn text(&self) -> String {
        let mut lines: Vec<String> = Vec::new();
        for row in &self.rows {
            match lines.last_mut().filter(|_| row.goes_on) {
                Some(line) => line.push_str(&row.text),
                None => lines.push(row.text.clone()),
            }
        }
        let lines: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
        lines.join("\n").trim_end().to_owned() + "\n"
    }
}

#[test]
fn lines_that_are_wiped_away_are_gone() {
    let pad = " ".repeat(WIDTH - 3);
    let bar = format!("⠋ b{pad}");
    let long = "x".repeat(WIDTH + 1);
    let text = format!(
        "{bar}\r\u{1b}[2Kone{pad}{bar}\r\u{1b}[2Ktwo{pad}\u{1b}[36mthree\u{1b}[0m{}{bar}\r\u{1b}[2K{long}\r\nend\r\n",
        " ".repeat(WIDTH - 5)
    );
    assert_eq!(screen(&text), format!("one\ntwo\n\u{1b}[36mthree\u{1b}[0m\n{long}\nend\n"));
}
