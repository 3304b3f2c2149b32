//! Base64 as Go reads and writes it.

use ::base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use ::base64::{Engine as _, alphabet};

/// Bits behind the last byte do not count.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// The bytes; line ends in the text do not count.
pub(in crate::hcl::functions) fn from_base64(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text.replace(['\r', '\n'], "")).ok()
}

pub(in crate::hcl::functions) fn to_base64(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}
