//! How a platform is asked whether an image is still there: one line of a table for each kind of image, with the user's own
//! program, its arguments, and where its answer says what. Everything only reads. Pure: the caller starts the programs.
//!
//! No argument ever holds a secret; what a template knows of credentials goes into the environment of the program.

mod shape;
mod table;

pub use shape::{Given, Query};

use serde_json::Value;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use shape::Named;

/// How far clocks may be apart before an image counts as made anew.
const CLOCKS: Duration = Duration::minutes(10);
/// Longest reason, in characters.
const LONGEST_REASON: usize = 300;

/// An image that is asked for, as it was recorded.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Whose it is.
    pub provider: &'a str,
    /// What it is.
    pub kind: &'a str,
    /// Its id.
    pub id: &'a str,
    /// Its name.
    pub name: Option<&'a str>,
    /// Its region.
    pub region: Option<&'a str>,
    /// Its version.
    pub version: Option<&'a str>,
    /// Its tags.
    pub tags: &'a [String],
    /// Further coordinates.
    pub place: &'a std::collections::BTreeMap<String, String>,
    /// When it was recorded.
    pub recorded: OffsetDateTime,
}

impl<'a> Asked<'a> {
    fn value(&self, word: &str) -> Option<&'a str> {
        let of_place = |name: &str| self.place.get(name).map(String::as_str);
        match word {
            "id" => Some(self.id),
            "region" => self.region,
            "path" => of_place("inventory_path").or(Some(self.id)),
            word => of_place(word),
        }
    }
}

/// What became of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// It is there, and is what was recorded.
    Present,
    /// It is there, and is not what was recorded, for this reason.
    Changed(String),
    /// It is not there.
    Gone,
    /// Nobody knows, for this reason.
    Unverified(String),
}

/// How a program ended.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// Whether with 0.
    pub success: bool,
    /// What it wrote.
    pub stdout: &'a str,
    /// What it complained of.
    pub stderr: &'a str,
}

/// How an image is asked for; `None` for a platform of which nobody knows how.
pub fn query(asked: &Asked<'_>) -> Option<&'static Query> {
    table::QUERIES.iter().find(|query| query.provider == asked.provider && query.kinds.contains(&asked.kind))
}

impl Query {
    /// The arguments for an image; `None` where a value looks like an option of the program: no plugin names an image so.
    pub fn arguments(&self, asked: &Asked<'_>) -> Option<Vec<String>> {
        let mut arguments = Vec::new();
        for argument in self.args {
            let Some((before, rest)) = argument.split_once('{') else {
                arguments.push((*argument).to_owned());
                continue;
            };
            let (word, after) = rest.split_once('}')?;
            let Some(value) = asked.value(word) else { continue };
            if value.is_empty() || value.starts_with(['-', '@']) || value.contains(char::is_control) {
                return None;
            }
            arguments.push(format!("{before}{value}{after}"));
        }
        Some(arguments)
    }

    /// What an answer means.
    pub fn judge(&self, asked: &Asked<'_>, told: &Told<'_>) -> Seen {
        match (self.read(asked, told), self.certain) {
            (Seen::Gone, Some(word)) if asked.value(word).is_none() => Seen::Unverified(format!(
                "{} does not find it, but its {} was not recorded",
                self.program,
                word.replace('_', " ")
            )),
            (seen, _) => seen,
        }
    }

    fn read(&self, asked: &Asked<'_>, told: &Told<'_>) -> Seen {
        if !told.success {
            let said = |part: &&str| told.stderr.contains(*part) || told.stdout.contains(*part);
            return match self.gone.iter().any(said) {
                true => Seen::Gone,
                false => Seen::Unverified(format!("{} failed: {}", self.program, last_words(told))),
            };
        }
        let Ok(answer) = serde_json::from_str::<Value>(told.stdout) else {
            return Seen::Unverified(format!("{} did not answer in JSON", self.program));
        };
        let image = match self.answer.list {
            None => Some(&answer),
            Some(list) => match at(&answer, list) {
                Some(Value::Array(images)) => images.iter().find(|image| self.is_asked_for(image, asked)),
                Some(Value::Null) | None => None,
                Some(_) => return Seen::Unverified(format!("{} answered in an unknown form", self.program)),
            },
        };
        match image {
            None | Some(Value::Null) => Seen::Gone,
            Some(image) => self.compare(image, asked),
        }
    }

    fn is_asked_for(&self, image: &Value, asked: &Asked<'_>) -> bool {
        self.answer.select.is_none_or(|path| text(image, path).as_deref() == Some(asked.id))
    }

    fn compare(&self, image: &Value, asked: &Asked<'_>) -> Seen {
        let shape = &self.answer;
        let name = shape.name.and_then(|(path, named)| {
            let recorded = match named {
                Named::Name => asked.name,
                Named::Version => asked.version,
            };
            Some((recorded?, text(image, path)?))
        });
        if let Some((recorded, now)) = name.filter(|(recorded, now)| recorded != now) {
            return Seen::Changed(format!("its name is {now:?}, not {recorded:?}"));
        }
        let created = shape.created.and_then(|path| text(image, path));
        let created = created.and_then(|text| OffsetDateTime::parse(&text, &Rfc3339).ok());
        if let Some(created) = created.filter(|created| *created > asked.recorded + CLOCKS) {
            let when = created.format(&Rfc3339).unwrap_or_default();
            return Seen::Changed(format!("it was made at {when}, after the build"));
        }
        if let Some((path, expected)) = shape.state
            && let Some(state) = text(image, path).filter(|state| !state.eq_ignore_ascii_case(expected))
        {
            return Seen::Changed(format!("its state is {state:?}"));
        }
        let template = shape.template.filter(|_| asked.kind == "template").and_then(|path| text(image, path));
        if template.is_some_and(|flag| ["false", "0"].contains(&flag.as_str())) {
            return Seen::Changed("it is no template any more".to_owned());
        }
        if let Some(digest) = shape.digest.and_then(|path| text(image, path))
            && asked.id.starts_with("sha256:")
            && digest != asked.id
        {
            return Seen::Changed(format!("its digest is {digest}"));
        }
        let tags = shape.tags.and_then(|path| at(image, path)).and_then(Value::as_array);
        let lost = |tag: &&String| !tags.is_some_and(|tags| tags.iter().any(|one| one.as_str() == Some(tag)));
        match asked.tags.iter().find(lost).filter(|_| shape.tags.is_some()) {
            Some(tag) => Seen::Changed(format!("the tag {tag} is not on it any more")),
            None => Seen::Present,
        }
    }
}

/// What stands at a path.
fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('/').filter(|key| !key.is_empty()).try_fold(value, |value, key| {
        let entries = value.as_object()?.iter();
        entries.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value)
    })
}

fn text(value: &Value, path: &str) -> Option<String> {
    match at(value, path)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// The last line that says something.
fn last_words(told: &Told<'_>) -> String {
    let lines = told.stderr.lines().chain(told.stdout.lines().take(1)).map(str::trim);
    // What goes on behind the first complaint is advice.
    let line = lines.clone().find(|line| line.to_ascii_lowercase().contains("error"));
    let line = line.or_else(|| told.stderr.lines().map(str::trim).rfind(|line| !line.is_empty()));
    line.or_else(|| lines.clone().find(|line| !line.is_empty()))
        .map_or_else(|| "it did not say why".to_owned(), |line| line.chars().take(LONGEST_REASON).collect())
}

#[cfg(test)]
mod tests;
