//! Names in the text of a command or script that may be variables of the environment. Which of them the caller really has
//! decides, so a name too many costs nothing.

use std::collections::BTreeSet;

/// Variables of the environment that are written in small letters.
const SMALL: [&str; 3] = ["http_proxy", "https_proxy", "no_proxy"];

/// The names in a text that are written like variables of the environment, and that the text does not set itself.
pub(super) fn of(text: &str) -> BTreeSet<&str> {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let (mut named, mut set) = (BTreeSet::new(), BTreeSet::new());
    let mut at = 0;
    while let Some(start) = text[at..].find(part).map(|start| at + start) {
        let end = text[start..].find(|c| !part(c)).map_or(text.len(), |end| start + end);
        let name = &text[start..end];
        at = end;
        if !is_variable(name) {
            continue;
        }
        let braced = text[..start].ends_with("${");
        // `${NAME:-x}` and `${NAME=x}` take what is there.
        match text[end..].starts_with('=') && !braced {
            true => set.insert(name),
            false => named.insert(name),
        };
        if braced && text[end..].starts_with([':', '-', '=']) {
            named.insert(name);
            set.remove(name);
        }
    }
    let kept = |name: &&str| text.contains(&format!("${{{name}:")) || text.contains(&format!("${{{name}-"));
    named.retain(|name| !set.contains(name) || kept(name));
    named
}

fn is_variable(name: &str) -> bool {
    let large = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let known = name.strip_prefix("PKR_VAR_").is_some_and(|rest| !rest.is_empty());
    known
        || SMALL.contains(&name)
        || name.len() > 1 && name.chars().all(large) && name.starts_with(|c: char| c.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_text_sets_itself_is_not_taken_from_the_environment() {
        for (text, wanted) in [
            ("echo $USER ${TZ} $i", vec!["TZ", "USER"]),
            ("LANG=C sort x; echo $LANG", vec![]),
            ("LANG=${LANG:-C}; echo $LANG", vec!["LANG"]),
            ("os.environ['CI_JOB'] + os.getenv(\"BUILD_ID\")", vec!["BUILD_ID", "CI_JOB"]),
            ("curl -x $http_proxy $PKR_VAR_region", vec!["PKR_VAR_region", "http_proxy"]),
            ("a b c A", vec![]),
            ("ä$USERß", vec!["USER"]),
        ] {
            assert_eq!(of(text).into_iter().collect::<Vec<_>>(), wanted, "{text}");
        }
    }
}
