//! README's picture of the flow, drawn from `docs/flow.txt`.

/// Width of a box, in pixels.
const BOX: usize = 250;
/// Height of a box.
const HEIGHT: usize = 84;
/// Room between two boxes.
const GAP: usize = 34;
/// Room around everything.
const EDGE: usize = 8;
/// Characters that fit into a line of a box.
const LINE: usize = 34;

/// One box.
struct Step<'a> {
    name: &'a str,
    words: &'a str,
}

/// The picture of a text: rows of boxes, an arrow from each to the next.
pub(crate) fn picture(text: &str) -> String {
    let rows = rows(text);
    let widest = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = widest * (BOX + GAP) + 2 * EDGE - GAP.min(widest * GAP);
    let height = rows.len() * (HEIGHT + GAP) + 2 * EDGE - GAP.min(rows.len() * GAP);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" role=\"img\" aria-label=\"{}\">\n\
         <style>rect{{fill:#f6f8fa;stroke:#57606a}}text{{font:13px sans-serif;fill:#24292f}}.name{{font-weight:bold;font-size:15px}}\
         path{{stroke:#57606a;stroke-width:2;fill:none}}\
         @media(prefers-color-scheme:dark){{rect{{fill:#161b22;stroke:#8b949e}}text{{fill:#e6edf3}}path{{stroke:#8b949e}}}}</style>\n",
        escaped(&rows.iter().flatten().map(|step| step.name).collect::<Vec<_>>().join(", then "))
    );
    for (row, steps) in rows.iter().enumerate() {
        for (column, step) in steps.iter().enumerate() {
            let (x, y) = (EDGE + column * (BOX + GAP), EDGE + row * (HEIGHT + GAP));
            svg.push_str(&boxed(step, x, y));
            if column + 1 < steps.len() {
                svg.push_str(&across(x + BOX, y + HEIGHT / 2));
            } else if row + 1 < rows.len() {
                svg.push_str(&down(x + BOX / 2, y + HEIGHT));
            }
        }
    }
    svg.push_str("</svg>\n");
    svg
}

fn rows(text: &str) -> Vec<Vec<Step<'_>>> {
    let mut rows = vec![Vec::new()];
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        match line.split_once('|') {
            Some((name, words)) => rows
                .last_mut()
                .expect("there is a row from the start")
                .push(Step { name: name.trim(), words: words.trim() }),
            None => rows.push(Vec::new()),
        }
    }
    rows.retain(|row| !row.is_empty());
    rows
}

fn boxed(step: &Step<'_>, x: usize, y: usize) -> String {
    let mut svg = format!("<rect x=\"{x}\" y=\"{y}\" width=\"{BOX}\" height=\"{HEIGHT}\" rx=\"8\"/>\n");
    svg.push_str(&format!(
        "<text class=\"name\" x=\"{}\" y=\"{}\">{}</text>\n",
        x + 12,
        y + 26,
        escaped(step.name)
    ));
    for (at, line) in lines(step.words).iter().enumerate() {
        svg.push_str(&format!(
            "<text x=\"{}\" y=\"{}\">{}</text>\n",
            x + 12,
            y + 48 + at * 18,
            escaped(line)
        ));
    }
    svg
}

/// The words in lines that fit.
fn lines(words: &str) -> Vec<String> {
    let mut lines: Vec<String> = vec![String::new()];
    for word in words.split_whitespace() {
        let last = lines.last_mut().expect("there is a line from the start");
        if last.is_empty() {
            last.push_str(word);
        } else if last.len() + 1 + word.len() <= LINE {
            last.push(' ');
            last.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

fn across(x: usize, y: usize) -> String {
    let tip = x + GAP - 4;
    format!("<path d=\"M{} {y}H{tip}m-7 -6l7 6l-7 6\"/>\n", x + 4)
}

/// From the end of a row to the begin of the next.
fn down(x: usize, y: usize) -> String {
    let (middle, first) = (y + GAP / 2, EDGE + BOX / 2);
    format!("<path d=\"M{x} {}V{middle}H{first}V{}m-6 -7l6 7l6 -7\"/>\n", y + 4, y + GAP - 4)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_box_is_drawn_and_joined() {
        let svg = picture("# a comment\na | one\nb | two <three>\n\nc | four\n");
        assert_eq!((svg.matches("<rect ").count(), svg.matches("<path ").count()), (3, 2));
        assert!(svg.contains("two &lt;three&gt;") && !svg.contains("comment"));
    }

    #[test]
    fn long_words_are_broken_into_lines_that_fit() {
        let broken = lines("refuses inputs that nobody validated; retries what can pass");
        assert!(broken.len() == 2 && broken.iter().all(|line| line.len() <= LINE), "{broken:?}");
    }
}
