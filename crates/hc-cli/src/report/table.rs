//! Plain tables: a header, rows, no frames; columns as wide as their content, on a terminal as wide as that allows.

use comfy_table::{Cell, ColumnConstraint, ContentArrangement, Table, Width, presets};

use super::Style;
use super::style::screen;

/// Renders rows under a header; empty rows give an empty text.
pub fn table(header: &[&str], rows: Vec<Vec<String>>, style: &Style) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header.iter().map(|name| Cell::new(style.bold(&name.to_uppercase()))));
    // A cell is one line: a name with a line end must not begin a row of its own.
    let one_line = |cell: String| screen(&cell).replace('\n', "\u{fffd}");
    let rows: Vec<Vec<String>> =
        rows.into_iter().map(|row| row.into_iter().map(one_line).collect()).collect();
    if let Some(columns) = style.columns.and_then(|columns| u16::try_from(columns).ok()) {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(columns);
        // Lines break between words: an id or a path in pieces cannot be copied. Both sides of a column have a blank.
        let longest =
            |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| longest_word(cell)).max();
        table.set_constraints((0..header.len()).map(|at| {
            let width = longest(at).unwrap_or(0).max(header[at].len()) + 2;
            ColumnConstraint::LowerBoundary(Width::Fixed(u16::try_from(width).unwrap_or(u16::MAX)))
        }));
    }
    table.add_rows(rows);
    let mut text = String::new();
    for line in table.lines() {
        // The first column begins at the edge, and so does what is continued there.
        text.push_str(line.strip_prefix(' ').unwrap_or(&line).trim_end());
        text.push('\n');
    }
    text
}

/// Cells of so many characters stay in one line.
const SHORT: usize = 16;

/// Columns of what stays together in a cell, whatever its colours: a short one as a whole, else its longest word.
fn longest_word(cell: &str) -> usize {
    let text = plain(cell);
    let width = text.chars().count();
    let words = text.split_whitespace().map(|word| word.chars().count());
    if width <= SHORT { width } else { words.max().unwrap_or(0) }
}

/// A text without our own colours.
fn plain(cell: &str) -> String {
    let mut text = String::new();
    let mut rest = cell;
    while let Some((before, behind)) = rest.split_once("\u{1b}[") {
        text.push_str(before);
        rest = behind.split_once('m').map_or("", |(_, behind)| behind);
    }
    text + rest
}

/// Bytes for people: `7.6 MiB`.
pub fn bytes(size: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = size as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{size} B") } else { format!("{value:.1} {}", UNITS[unit]) }
}

/// Milliseconds for people: `0.4s`, `2m05s`, `1h03m`.
pub fn duration(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    match seconds {
        0..60 => format!("{:.1}s", milliseconds as f64 / 1000.0),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_take_no_width() {
        let rows = |style: &Style| {
            vec![vec![style.good("x"), "linux.azure.base".into()], vec!["longer".into(), "y".into()]]
        };
        let plain = Style { stdout: false, stderr: false, width: 100, columns: None };
        let colored = Style { stdout: true, ..plain };
        let escapes = regex::Regex::new("\x1b\\[[0-9;]*m").unwrap();
        let text = table(&["a", "name"], rows(&colored), &colored);
        assert!(text.contains('\x1b'));
        assert_eq!(escapes.replace_all(&text, ""), table(&["a", "name"], rows(&plain), &plain));
    }

    #[test]
    fn a_terminal_is_never_too_narrow() {
        let style = Style { stdout: true, stderr: true, width: 60, columns: Some(60) };
        let long = "in place of a word that is long, many words that are short";
        let rows = vec![vec!["linux.azure.base".into(), style.good("ok"), long.into()]; 2];
        let text = table(&["builder", "state", "why"], rows, &style);
        let escapes = regex::Regex::new("\x1b\\[[0-9;]*m").unwrap();
        let plain = escapes.replace_all(&text, "");
        assert!(plain.lines().all(|line| line.chars().count() <= 60), "{plain}");
        assert!(plain.contains("linux.azure.base") && plain.contains("short"), "{plain}");
    }

    #[test]
    fn an_id_stays_in_one_piece_wherever_it_stands() {
        let style = Style { stdout: true, stderr: true, width: 60, columns: Some(60) };
        let id = "linux.file.motd-dev-20260102T030405.678Z-00000001";
        let row = vec![id.into(), style.good("passed"), format!("logs/tests/{id}.smoke.log")];
        let text = table(&["build", "verdict", "log"], vec![row], &style);
        assert!(
            text.contains(&format!("logs/tests/{id}.smoke.log")) && text.matches(id).count() == 2,
            "{text}"
        );
    }

    #[test]
    fn sizes_and_times_read_well() {
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(8_000_000), "7.6 MiB");
        assert_eq!(duration(420), "0.4s");
        assert_eq!(duration(125_000), "2m05s");
        assert_eq!(duration(3_780_000), "1h03m");
    }
}
