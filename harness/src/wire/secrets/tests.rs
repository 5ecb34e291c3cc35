//! Every encoding of a remembered value is removed, and nothing else.

use data_encoding::{BASE64, BASE64_MIME, BASE64URL, HEXUPPER};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;

use super::*;

const VALUE: &str = "qX7/hT+Zk1=wJalrXUtnFEMI%&<\"\\>m9";

/// The encodings of a value that a response may repeat it in.
fn encodings(value: &str) -> Vec<String> {
    let percent = utf8_percent_encode(value, NON_ALPHANUMERIC).to_string();
    let form: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
    let each = |write: &dyn Fn(char) -> String| value.chars().map(write).collect::<String>();
    // Only the digits of escapes are in lower case.
    let lower = each(&|it| {
        let own = utf8_percent_encode(&it.to_string(), NON_ALPHANUMERIC).to_string();
        if own.len() > 1 { own.to_lowercase() } else { own }
    });
    let json = serde_json::to_string(value).unwrap();
    let xml = quick_xml::escape::escape(value).into_owned();
    let mut all = vec![
        value.to_owned(),
        percent.clone(),
        lower,
        form.clone(),
        utf8_percent_encode(&percent, NON_ALPHANUMERIC).to_string(),
        utf8_percent_encode(&form, NON_ALPHANUMERIC).to_string(),
        each(&|it| format!("%{:02x}", u32::from(it))),
        each(&|it| format!("&#{};", u32::from(it))),
        each(&|it| format!("&#x{:x};", u32::from(it))),
        each(&|it| format!("&#X{:04X};", u32::from(it))),
        each(&|it| format!("&amp;#{};", u32::from(it))),
        each(&|it| format!("\\u{:04x}", u32::from(it))),
        each(&|it| format!("\\u{{{:x}}}", u32::from(it))),
        each(&|it| format!("\\x{:02X}", u32::from(it))),
        value.replace('/', "&sol;").replace('+', "&plus;"),
        format!("{value:?}"),
        serde_json::to_string(&json).unwrap(),
        json,
        quick_xml::escape::escape(&xml).into_owned(),
        xml,
        HEXLOWER.encode(value.as_bytes()),
        HEXUPPER.encode(value.as_bytes()),
        HEXLOWER.encode(percent.as_bytes()),
        HEXUPPER.encode(format!("x{form}").as_bytes()),
        value.to_uppercase(),
        value.to_lowercase(),
        percent.to_uppercase(),
        each(&|it| format!("{it} ")),
        each(&|it| format!("{it}\n")),
    ];
    for around in ["", "a", "ab", "abc", "user:", "x=1&NewPassword="] {
        for inner in [value, &percent, &form] {
            let whole = format!("{around}{inner}, and more");
            all.push(BASE64.encode(whole.as_bytes()));
            all.push(BASE64URL.encode(whole.as_bytes()));
            all.push(BASE64_MIME.encode(whole.as_bytes()));
            all.push(format!("glued{}", BASE64.encode(whole.as_bytes())));
        }
    }
    for line_break in ["\n", "\r\n", "\\n", "\\r\\n", "\\u000d\\u000A", "%0D%0A", "&#10;", "\n    "]
    {
        for encoded in [BASE64.encode(value.as_bytes()), HEXLOWER.encode(value.as_bytes())] {
            all.push(in_lines(&encoded, line_break));
        }
    }
    all
}

/// The text in lines of ten characters.
fn in_lines(text: &str, line_break: &str) -> String {
    let lines: Vec<&str> = (0..text.len())
        .step_by(10)
        .filter_map(|from| text.get(from..text.len().min(from + 10)))
        .collect();
    lines.join(line_break)
}

/// The ways in which a response may split a text.
fn splits(text: &str) -> Vec<String> {
    let middle = floor_boundary(text, text.len() / 2);
    let (one, two) = text.split_at(middle);
    vec![
        format!("<a>{one}</a><b c='d'>{two}</b>"),
        format!("<a>{one}<!-- - -->{two}</a>"),
        format!("<![CDATA[{one}]]><![CDATA[{two}]]>"),
        format!("[\"{one}\", \"{two}\"]"),
        format!("{{\"a\": \"{one}\", \"b\": \"{two}\"}}"),
        format!("{one}\n\t{two}"),
        format!("<a/>{one}</a>\n  <b>{two}"),
        format!("{{\"{one}\": \"{two}\"}}"),
        format!("[[\"{one}\"], [\"{two}\"]]"),
    ]
}

fn assert_hidden(text: &str) {
    let shown = redact(text);
    assert!(shown.contains(HIDDEN), "{text}\n{shown}");
    for part in ["wjalr", "xutnf", "tnfemi", "rlajw", "fntux"] {
        assert!(!shown.to_lowercase().contains(part), "{text}\n{shown}");
    }
    // What remains is the text around the value.
    assert!(shown.replace(HIDDEN, "").len() < 120, "{text}\n{shown}");
}

#[test]
fn a_value_is_removed_in_every_encoding() {
    remember(VALUE);
    for text in encodings(VALUE) {
        for text in [text.clone(), format!("before: {text}, after"), format!("<m>{text}</m>")] {
            assert_hidden(&text);
        }
    }
    assert_eq!(redact(&format!("before {VALUE} after")), "before (secret) after");
}

#[test]
fn a_value_is_removed_backwards() {
    remember(VALUE);
    let backwards: String = VALUE.chars().rev().collect();
    for text in [
        backwards.clone(),
        backwards.to_uppercase(),
        quick_xml::escape::escape(&backwards).into_owned(),
        utf8_percent_encode(&backwards, NON_ALPHANUMERIC).to_string(),
        BASE64.encode(backwards.as_bytes()),
        HEXUPPER.encode(backwards.as_bytes()),
        HEXLOWER.encode(VALUE.as_bytes()).chars().rev().collect(),
    ] {
        assert_hidden(&format!("before: {text}, after"));
    }
    remember("grün-Ätna-€-8-Zeichen");
    assert_eq!(redact("nehcieZ-8-€-antÄ-nürg"), "(secret)");
}

/// The names of the API are not secrets, in upper or lower case.
#[test]
fn a_secret_in_another_case_changes_no_other_text() {
    remember("AccessKeyOfTheOwner");
    let text = "ACCESSKEYMETADATA AccessKeyId accesskeyofthe";
    assert_eq!(redact(text), text);
}

#[test]
fn a_code_is_removed_where_it_is_a_number_of_its_own() {
    remember_code("482915");
    for text in [
        "482915",
        "519284",
        "code:482915|731",
        "<a482915b/>",
        "482 915",
        "%34%38%32%39%31%35",
        "&#52;&#56;&#50;&#57;&#49;&#53;",
        "343832393135",
        "NDgyOTE1",
        "731-482915-482915",
    ] {
        let shown = redact(text);
        assert!(shown.contains(HIDDEN) && !shown.contains("482"), "{text}: {shown}");
    }
    for text in [
        "arn:aws:iam::148291500000:user/u",
        "4829150",
        "1482915",
        "48-29-15",
        "48:29:15",
        "4829-15",
    ] {
        assert_eq!(redact(text), text);
    }
    for value in ["", "48291", "4829157", "48291x"] {
        remember_code(value);
        assert_eq!(redact("48291 4829157 48291x"), "48291 4829157 48291x");
    }
}

#[test]
fn a_split_value_is_removed() {
    let plain = "splitwJalrXUtnFEMIK7MDENG";
    remember(plain);
    for text in splits(plain) {
        assert_hidden(&text);
    }
    assert_eq!(redact("<a>splitwJalrXUtn</a><b>FEMIK7MDENG</b>"), "<a>(secret)</a><b>(secret)</b>");
}

#[test]
fn a_split_value_is_removed_in_base_64_and_base_16() {
    let value = "splitInBase64KrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY";
    remember(value);
    // The second part begins at each of the places that a group of base 64 has.
    for before in ["", "abc", "abcdef", "Password=", "NewPassword="] {
        let whole = format!("{before}{value}");
        for encoded in [BASE64.encode(whole.as_bytes()), HEXUPPER.encode(whole.as_bytes())] {
            for text in splits(&encoded) {
                let shown = redact(&text);
                let middle = encoded.len() / 2;
                for part in [middle - 14..middle - 4, middle + 4..middle + 14] {
                    let part = encoded.get(part).unwrap();
                    assert!(!shown.contains(part), "{text}\n{shown}");
                }
            }
        }
    }
}

#[test]
fn a_short_or_empty_value_changes_no_text() {
    for value in ["", "y", "user", "123456", "1234567", "--------", "a b c d"] {
        assert!(!is_searchable(value));
        remember(value);
    }
    let text = "y: the user with name user 1234567 and code 123456 -------- a b c d";
    assert_eq!(redact(text), text);
}

#[test]
fn values_that_overlap_are_removed_together() {
    for value in ["abcdefgh#1", "abcdefgh#1ijklmnop", "ijklmnopqrst", "secretsecret"] {
        remember(value);
    }
    assert_eq!(redact("<abcdefgh#1ijklmnopqrst>"), "<(secret)>");
    assert_eq!(redact("é abcdefgh#1 é"), "é (secret) é");
}

#[test]
fn the_lines_of_a_private_key_are_values() {
    remember("-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEAline1\nline2AAKCAQEA\n-----END");
    assert_eq!(redact("the second line: line2AAKCAQEA."), "the second line: (secret).");
    assert_eq!(redact("-----BEGIN RSA PRIVATE KEY-----"), "-----BEGIN RSA PRIVATE KEY-----");
}

#[test]
fn a_long_text_is_cut_and_no_part_of_a_secret_is_left_at_its_end() {
    let value = "cutoffAAAABBBBCCCCDDDD";
    remember(value);
    let long = "y".repeat(1_000_000);
    assert_eq!(redact_and_cut(&long, 4), "yyyy… (cut, 1,000,000 bytes)");
    assert_eq!(redact_and_cut("ééé", 3), "é… (cut, 6 bytes)");
    assert_eq!(redact_and_cut("yy", 2), "yy");
    let text = format!("--{value}--{long}");
    for max in 0..30 {
        let shown = redact_and_cut(&text, max);
        assert!(!shown.contains("cu") || !shown.contains("cutoff"), "{shown}");
        assert!(shown.ends_with("… (cut, 1,000,026 bytes)"), "{shown}");
    }
}

#[test]
fn old_signatures_are_forgotten() {
    let signature = |number: usize| format!("{number:064x}");
    for number in 1_000_000..1_000_000 + 2 * SIGNATURES_MAX {
        remember_signature(&signature(number));
    }
    let last = signature(1_000_000 + 2 * SIGNATURES_MAX - 1);
    assert_eq!(redact(&format!("Signature={last}")), "Signature=(secret)");
    assert!(redact(&signature(1_000_000)).contains("f4240"));
    let backwards: String = last.chars().rev().collect();
    for form in [HEXLOWER.encode(last.as_bytes()), last.to_uppercase(), backwards] {
        assert_eq!(redact(&form), HIDDEN, "{form}");
    }
}

#[test]
fn the_signature_of_another_process_is_removed() {
    let signature = "e96abf751e7bfa3363c8fe43f1787ef9d2e96abf751e7bfa3363c8fe43f1787e";
    let header = format!("SignedHeaders=host;x-amz-date, Signature={signature}");
    let backwards: String = header.chars().rev().collect();
    for text in encodings(&header).into_iter().chain([backwards]) {
        let shown = redact(&format!("a {text} z"));
        assert!(shown.contains(HIDDEN), "{text}");
    }
    assert!(!redact(&header).contains("e96abf"));
    let word = "Signature version 4 of the request was not the expected one of the test suite";
    assert_eq!(redact(word), word);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]

    #[test]
    fn any_value_is_removed_from_any_text(
        value in "[a-zA-Z0-9+/=!#$%&<>\"' -]{8,40}[a-zA-Z0-9]{8}",
        before in ".{0,40}",
        after in ".{0,40}",
    ) {
        remember(&value);
        for text in encodings(&value) {
            let shown = redact(&format!("{before} {text} {after}"));
            prop_assert!(shown.contains(HIDDEN), "{}", text);
        }
    }

    #[test]
    fn no_text_causes_a_panic(text in ".{0,300}", escapes in "[%&#xu0-9a-f;\\\\<>\\[\\]!CDATA\"':{}+/é]{0,200}") {
        remember("panic-panic-panic");
        let shown = redact(&text);
        prop_assert!(shown.len() <= text.len() + HIDDEN.len() * text.len());
        prop_assert!(redact_and_cut(&escapes, 50).len() < 1000);
    }
}
