//! `yamlencode()` and `yamldecode()`, in the form and by the rules of Packer: YAML 1.1 with some of 1.2.

mod decode;
mod encode;

use super::arguments::Function;
use crate::value::Value;

pub(super) const TABLE: &[Function] = &[
    ("yamldecode", 1, 1, |a| decode::decode(&a.text(0)?)),
    ("yamlencode", 1, 1, |a| encode::encode(a.value(0)?).map(Value::String)),
];
