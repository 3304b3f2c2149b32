use super::*;
use proptest::prelude::*;

fn number(text: &str) -> Number {
    Number::parse(text).unwrap()
}

#[test]
fn numbers_stay_what_they_are() {
    for text in [
        "0",
        "1",
        "-1",
        "0.1",
        "-0.001",
        "18446744073709551617",
        "123456789012345678901234567890.123",
        "0.00000000000000000000000000000000000001",
        "3.14159265358979323846264338327950288419716939937510",
    ] {
        let shown = number(text).to_string();
        let plain = if text.contains('.') { text.trim_end_matches('0') } else { text };
        assert_eq!(shown, plain);
    }
    assert_eq!(number("1e21").to_string(), "1000000000000000000000");
    assert_eq!(number("1e300").to_string(), format!("1{}", "0".repeat(300)));
    assert_eq!(number("1.50").to_string(), "1.5");
    assert_eq!(number("5e-324").to_string(), format!("0.{}5", "0".repeat(323)));
    assert_eq!(number("-0").to_string(), "-0");
}

#[test]
fn arithmetic_is_exact_where_packer_is() {
    assert_eq!(number("0.1").plus(&number("0.2")).unwrap(), number("0.3"));
    assert_eq!(number("1").over(&number("10")).unwrap(), number("0.1"));
    assert_eq!(number("-7.5").modulo(&number("2")).unwrap(), number("-1.5"));
    assert_eq!(number("7").modulo(&number("-3")).unwrap(), number("1"));
    assert_eq!(number("0").over(&number("0")), None);
    assert!(number("1").over(&number("3")).unwrap().to_string().starts_with("0.33333333333333333333333333"));
    // Found by fuzzing: the difference had 519 bits.
    let difference = number("3.2").minus(&number("1e2")).unwrap();
    assert_eq!(number(&difference.to_string()), difference);
    assert_eq!(number("2.25").fixed(1), "2.2");
    assert_eq!(number("0.666").fixed(0), "1");
    assert_eq!(number("-0.05").fixed(2), "0.05");
}

#[test]
fn what_is_no_number_or_too_large_is_refused() {
    for text in
        ["", "-", ".", "1e", "0x10", "1_000", "NaN", "infinity", "1e99999", "--1", "1.2.3", "1e+-3", "1p9999"]
    {
        assert_eq!(Number::parse(text), None, "{text}");
    }
    // Found by fuzzing: what was printed could not be read.
    let tiny = number("5").over(&number("2e4096")).unwrap();
    assert_eq!(number(&tiny.to_string()), tiny);
    assert_eq!(Number::parse("1e-9223372036854775808"), None);
    assert_eq!(Number::parse(&format!("{}e4096", "9".repeat(8_000))), None);
    let large = number("1e4000");
    let larger = large.times(&large).and_then(|n| n.times(&large));
    assert_eq!(larger, None);
}

#[test]
fn what_has_no_end_and_both_zeros_are_numbers() {
    let (one, zero, inf) = (number("1"), number("0"), number("Inf"));
    assert_eq!(one.over(&zero).unwrap().to_string(), "+Inf");
    assert_eq!(one.over(&zero.negated()).unwrap().to_string(), "-Inf");
    assert_eq!(zero.times(&number("-1")).unwrap().to_string(), "-0");
    assert_eq!(number("-1").over(&inf).unwrap().to_string(), "-0");
    assert_eq!(zero.negated().plus(&zero).unwrap().to_string(), "0");
    assert_eq!(zero.negated().minus(&zero).unwrap().to_string(), "-0");
    assert_eq!(
        (number("-0.5").ceil().to_string(), number("-0").floor().to_string()),
        ("0".into(), "0".into())
    );
    assert_eq!(zero.negated().abs().to_string(), "0");
    assert!(zero == zero.negated() && zero <= zero.negated() && inf > one && inf.negated() < one);
    assert_eq!(
        (inf.minus(&inf), inf.over(&inf), inf.times(&zero), inf.modulo(&one)),
        (None, None, None, None)
    );
    assert_eq!((inf.as_i64(), zero.negated().as_i64(), inf.as_f64()), (None, Some(0), f64::INFINITY));
    assert_eq!((inf.floor(), number("7").modulo(&zero).unwrap()), (inf, number("7")));
}

#[test]
fn results_have_as_many_bits_as_their_operands() {
    let (one, three) = (Number::from(1_i64), Number::from(3_i64));
    assert_eq!(one.over(&three).unwrap().to_string(), "0.33333333333333333334");
    assert_eq!(
        Number::from_f64(1.0).unwrap().over(&Number::from_f64(3.0).unwrap()).unwrap().to_string(),
        "0.3333333333333333"
    );
    assert!(one.over(&number("3")).unwrap().to_string().len() > 150);
    assert_eq!(three.times(&number("0.1")).unwrap(), number("0.3"));
    assert_eq!((number("1p3"), number(".5"), number("5.")), (number("8"), number("0.5"), number("5")));
}

proptest! {
    #[test]
    fn text_and_number_agree(digits in "-?[1-9][0-9]{0,200}", fraction in "([0-9]{0,60}[1-9])?", exponent in -300_i64..300) {
        let dot = if fraction.is_empty() { "" } else { "." };
        let read = number(&format!("{digits}{dot}{fraction}e{exponent}"));
        prop_assert_eq!(&number(&read.to_string()), &read);
    }

    #[test]
    fn up_to_150_digits_come_back_as_written(text in "-?[1-9][0-9]{0,80}(\\.[0-9]{0,60}[1-9])?") {
        prop_assert_eq!(number(&text).to_string(), text);
    }

    #[test]
    fn doubles_agree(value in any::<f64>().prop_filter("finite", |value| value.is_finite())) {
        let exact = Number::from_f64(value).unwrap();
        prop_assert_eq!(exact.as_f64(), value);
        prop_assert_eq!(number(&value.to_string()).as_f64(), value);
        if value.is_normal() {
            // Of two shortest forms, Rust may choose the other one.
            prop_assert_eq!(exact.to_string().len(), value.to_string().len());
            prop_assert_eq!(exact.to_string().parse::<f64>().unwrap(), value);
        }
    }

    #[test]
    fn whole_numbers_agree_with_the_processor(one in any::<i32>(), two in any::<i32>()) {
        let (a, b) = (Number::from(i64::from(one)), Number::from(i64::from(two)));
        let (one, two) = (i64::from(one), i64::from(two));
        prop_assert_eq!(a.plus(&b).unwrap().as_i64(), Some(one + two));
        prop_assert_eq!(a.minus(&b).unwrap().as_i64(), Some(one - two));
        prop_assert_eq!(a.times(&b).unwrap().as_i64(), Some(one * two));
        prop_assert_eq!(a.partial_cmp(&b), one.partial_cmp(&two));
        if two != 0 {
            prop_assert_eq!(a.modulo(&b).unwrap().as_i64(), Some(one % two));
        }
    }
}
