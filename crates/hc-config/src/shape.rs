//! The type of a value in HCL's terms: lists, sets and maps have one for all of their elements, tuples and objects one
//! for each.

use std::collections::BTreeMap;

/// The type of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// Not known: of null and of what only packer knows.
    Any,
    /// A string.
    String,
    /// A number.
    Number,
    /// A bool.
    Bool,
    /// A list with the type of its elements.
    List(Box<Self>),
    /// A set with the type of its elements.
    Set(Box<Self>),
    /// A map with the type of its elements.
    Map(Box<Self>),
    /// A tuple.
    Tuple(Vec<Self>),
    /// An object.
    Object(BTreeMap<String, Self>),
}

impl Shape {
    /// Whether it is a string, a number or a bool.
    fn is_primitive(&self) -> bool {
        matches!(self, Self::String | Self::Number | Self::Bool)
    }

    /// Whether something in it is not known.
    pub(crate) fn has_any(&self) -> bool {
        match self {
            Self::Any => true,
            Self::String | Self::Number | Self::Bool => false,
            Self::List(inner) | Self::Set(inner) | Self::Map(inner) => inner.has_any(),
            Self::Tuple(items) => items.iter().any(Self::has_any),
            Self::Object(fields) => fields.values().any(Self::has_any),
        }
    }

    /// Negative where `self` says more than `other` about what both could become, positive where it is the other way
    /// round, zero where nothing is to choose (cty's order of preference).
    fn preferred(&self, other: &Self) -> i8 {
        match (self, other) {
            (Self::Any, Self::Any) => 0,
            (_, Self::Any) => -1,
            (Self::Any, _) => 1,
            (Self::String, Self::String) => 0,
            (Self::String, other) if other.is_primitive() => -1,
            (one, Self::String) if one.is_primitive() => 1,
            (Self::List(one), Self::List(other))
            | (Self::Set(one), Self::Set(other))
            | (Self::Map(one), Self::Map(other)) => one.preferred(other),
            (Self::Tuple(_) | Self::List(_), Self::Set(_))
            | (Self::List(_), Self::Tuple(_))
            | (Self::Map(_), Self::Object(_)) => -1,
            (Self::Set(_), Self::Tuple(_) | Self::List(_))
            | (Self::Tuple(_), Self::List(_))
            | (Self::Object(_), Self::Map(_)) => 1,
            (Self::Object(one), Self::Object(other)) if one.keys().eq(other.keys()) => {
                agreed(one.values().zip(other.values()))
            }
            (Self::Tuple(one), Self::Tuple(other)) if one.len() == other.len() => {
                agreed(one.iter().zip(other))
            }
            _ => 0,
        }
    }
}

/// What all pairs prefer; nothing where they are of two minds.
fn agreed<'a>(pairs: impl Iterator<Item = (&'a Shape, &'a Shape)>) -> i8 {
    let wishes: Vec<i8> = pairs.map(|(one, other)| one.preferred(other)).collect();
    match (wishes.iter().any(|wish| *wish < 0), wishes.iter().any(|wish| *wish > 0)) {
        (true, false) => -1,
        (false, true) => 1,
        _ => 0,
    }
}

/// The indices of `shapes`, the most preferred first; of equals, the first.
pub(crate) fn by_preference(shapes: &[Shape]) -> Vec<usize> {
    let mut behind = vec![Vec::new(); shapes.len()];
    let mut before = vec![0_usize; shapes.len()];
    for one in 0..shapes.len() {
        for other in one + 1..shapes.len() {
            let (first, second) = match shapes[one].preferred(&shapes[other]) {
                0 => continue,
                wish if wish < 0 => (one, other),
                _ => (other, one),
            };
            behind[first].push(second);
            before[second] += 1;
        }
    }
    let mut order: Vec<usize> = (0..shapes.len()).filter(|at| before[*at] == 0).collect();
    let mut at = 0;
    while let Some(first) = order.get(at) {
        for second in &behind[*first] {
            before[*second] -= 1;
            if before[*second] == 0 {
                order.push(*second);
            }
        }
        at += 1;
    }
    order
}
