//! What a line of the table says.

/// How one kind of image is asked for.
#[derive(Debug)]
#[non_exhaustive]
pub struct Query {
    pub(super) provider: &'static str,
    pub(super) kinds: &'static [&'static str],
    /// The program, on the user's `PATH`.
    pub program: &'static str,
    /// Words in braces are values of the image; an argument of which one is not known is left out.
    pub(super) args: &'static [&'static str],
    /// The type of a component that takes the variables which the program needs, for
    /// [`environment::Uses`](crate::environment::Uses).
    pub component: &'static str,
    /// Variables that the program is given.
    pub given: &'static [Given],
    /// Attributes of a source that log in in a way which the program cannot.
    pub unlike: &'static [&'static str],
    pub(super) answer: Shape,
    /// What has to be known of the image before its absence proves anything: it may be somewhere else.
    pub(super) certain: Option<&'static str>,
    /// What the program says when there is no such image.
    pub(super) gone: &'static [&'static str],
}

/// A variable that a program is given where the template or the environment has a value for it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Given {
    /// Attribute of the source; behind a `$`, a variable of the environment that packer would take.
    pub from: &'static str,
    /// The variable.
    pub variable: &'static str,
    /// Whether the value holds for the source's own region alone.
    pub region_only: bool,
}

/// Where an answer in JSON says what. Paths are keys with slashes between them, `#` for the first of a list; upper and lower
/// case are the same: programs changed theirs.
#[derive(Debug)]
pub(super) struct Shape {
    /// The list of images; without one, the whole answer is the image.
    pub(super) list: Option<&'static str>,
    /// Of a list of everything: where the id is.
    pub(super) select: Option<&'static str>,
    pub(super) name: Option<(&'static str, Named)>,
    pub(super) created: Option<&'static str>,
    /// What it must be: a path and a word.
    pub(super) state: Option<(&'static str, &'static str)>,
    /// Whether it is a template.
    pub(super) template: Option<&'static str>,
    /// The id, where it is a digest.
    pub(super) digest: Option<&'static str>,
    pub(super) tags: Option<&'static str>,
}

/// What the name in an answer is compared with.
#[derive(Debug, Clone, Copy)]
pub(super) enum Named {
    Name,
    Version,
}
