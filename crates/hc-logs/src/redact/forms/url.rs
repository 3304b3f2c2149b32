//! Percent signs.

pub(super) fn url(value: &str) -> Vec<String> {
    let strict = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let component = |byte: u8| strict(byte) || b"!*'()".contains(&byte);
    let path = |byte: u8| strict(byte) || byte == b'/';
    let segment = |byte: u8| strict(byte) || b"$&+=:@".contains(&byte);
    let userinfo = |byte: u8| strict(byte) || b"$&+,;=".contains(&byte);
    let whole = |byte: u8| component(byte) || b";/?:@&=+$,#".contains(&byte);
    let bytes = value.as_bytes();
    let mut texts = Vec::new();
    for upper in [true, false] {
        texts.push(percent(bytes, strict, upper, false));
        texts.push(percent(bytes, strict, upper, true));
        texts.push(percent(bytes, component, upper, false));
        texts.push(percent(bytes, component, upper, true));
        texts.push(percent(bytes, path, upper, false));
        texts.push(percent(bytes, segment, upper, false));
        texts.push(percent(bytes, userinfo, upper, false));
        texts.push(percent(bytes, whole, upper, false));
    }
    texts
}

/// Every byte that is not kept becomes a code, a blank perhaps a plus.
pub(super) fn percent(bytes: &[u8], keep: impl Fn(u8) -> bool, upper: bool, plus: bool) -> String {
    let mut text = String::with_capacity(bytes.len() * 3);
    for &byte in bytes {
        if keep(byte) {
            text.push(char::from(byte));
        } else if plus && byte == b' ' {
            text.push('+');
        } else if upper {
            text.push_str(&format!("%{byte:02X}"));
        } else {
            text.push_str(&format!("%{byte:02x}"));
        }
    }
    text
}
