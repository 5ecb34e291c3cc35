//! Every secret value that this process has sent or received, and its removal from any text.
//!
//! [`remember`] records a value, [`redact`] removes all recorded values from a text. A text is
//! searched as it is and with its escapes decoded (see `encodings`). Only letters and digits are
//! compared, in lower case, so that separators and tags between them and their case make no
//! difference. A value is also found backwards.
//!
//! A code of an MFA device has too few digits for this search. [`remember_code`] removes it where
//! it stands alone as a number.
//!
//! A crate for multiple patterns builds its automaton once. Here a secret may arrive with every
//! response. Therefore the forms are in a hash map by eight of their bytes, and a text is searched
//! in one pass. A table of counts makes most look-ups in the map unnecessary.

use std::collections::{HashMap, HashSet, VecDeque};
use std::ops::Range;
use std::sync::{LazyLock, PoisonError, RwLock};

use data_encoding::{BASE64, HEXLOWER};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::wire::encodings::{layers, unescaped_letters};

/// The text that replaces a secret.
pub const HIDDEN: &str = "(secret)";

/// A value with fewer letters and digits is not searched for: it may be a part of any word.
pub const SEARCHED_MIN: usize = 8;

/// A longer value is not searched for. No secret of IAM, except for a QR code, is as long.
pub const SEARCHED_MAX: usize = 16 << 10;

/// The number of signatures that are remembered. A response repeats the one of its own request.
const SIGNATURES_MAX: usize = 1024;

/// The word before a signature, without its first letter: a driver signs in its own process, so
/// that its signatures are not remembered here.
const SIGNATURE: &[u8] = b"ignature";

/// The same, backwards. It comes after the signature.
const SIGNATURE_BACKWARDS: &[u8] = b"erutangi";

/// The number of hexadecimal digits of a signature.
const SIGNATURE_DIGITS: usize = 64;

/// The number of digits of a code of an MFA device.
const CODE_DIGITS: usize = 6;

/// The number of bytes after the end of a cut text that are searched, because a secret may begin
/// before the end. A secret may be encoded several times.
const LOOKAHEAD: usize = 10 * SEARCHED_MAX;

/// The values that are searched for.
#[derive(Default)]
struct KnownSecrets {
    /// The letters and digits of each form, by the eight bytes in their middle. The beginnings of
    /// certificates or images are equal.
    forms: HashMap<Anchor, Vec<Box<[u8]>>>,
    /// The number of anchors in `forms` for each hash. Empty if nothing is remembered.
    anchors: Vec<u16>,
    values: usize,
    signatures: VecDeque<Vec<Vec<u8>>>,
    /// The codes of MFA devices, also backwards.
    codes: HashSet<[u8; CODE_DIGITS]>,
}

/// Eight bytes of a form, the first one in the highest byte.
type Anchor = u64;

/// The number of bits of the hash of an anchor.
const HASH_BITS: u32 = 16;

static KNOWN: LazyLock<RwLock<KnownSecrets>> = LazyLock::new(RwLock::default);

/// Whether a value is long enough, and not too long, to be searched for in texts. Other values are
/// removed by position: what they arrive in is not shown.
#[must_use]
pub fn is_searchable(value: &str) -> bool {
    (SEARCHED_MIN..=SEARCHED_MAX).contains(&letters(value.as_bytes()).len())
}

/// Remembers a secret value of this process. A short value is not remembered.
pub fn remember(value: &str) {
    let forms = forms(value);
    if forms.is_empty() || KNOWN.read().unwrap_or_else(PoisonError::into_inner).has(&forms) {
        return;
    }
    KNOWN.write().unwrap_or_else(PoisonError::into_inner).add(forms);
}

/// Remembers the signature of a request, in place of an old one. It has only hexadecimal digits, so
/// that no escape or separator occurs in it.
pub fn remember_signature(signature: &str) {
    if !is_searchable(signature) {
        return;
    }
    let hex = HEXLOWER.encode(signature.as_bytes()).into_bytes();
    let forward = [letters(signature.as_bytes()), hex];
    let forms: Vec<_> = forward.iter().map(|it| backwards(it)).chain(forward.clone()).collect();
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    for form in &forms {
        known.insert(form.clone());
    }
    known.signatures.push_back(forms);
    if known.signatures.len() > SIGNATURES_MAX
        && let Some(old) = known.signatures.pop_front()
    {
        for form in &old {
            known.remove(form);
        }
    }
}

/// Remembers a code of an MFA device. Anything else is not remembered.
pub fn remember_code(value: &str) {
    let Ok(code) = <[u8; CODE_DIGITS]>::try_from(value.as_bytes()) else { return };
    if !code.iter().all(u8::is_ascii_digit) {
        return;
    }
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    if known.codes.insert(code) {
        let mut reversed = code;
        reversed.reverse();
        known.codes.insert(reversed);
        // These have enough letters and digits.
        for form in [HEXLOWER.encode(value.as_bytes()), BASE64.encode(value.as_bytes())] {
            known.insert(letters(form.as_bytes()));
        }
    }
}

/// The number of different values that were remembered, without signatures.
#[must_use]
pub fn count() -> usize {
    KNOWN.read().unwrap_or_else(PoisonError::into_inner).values
}

/// A text with every remembered value replaced by [`HIDDEN`], in every encoding.
#[must_use]
pub fn redact(text: &str) -> String {
    redact_and_cut(text, usize::MAX)
}

/// A text with every remembered value replaced, as far as [`redact_and_cut`] would search it. The
/// rest is unchanged.
#[must_use]
pub fn redact_start(text: &str, max: usize) -> String {
    let (searched, rest) = text.split_at(floor_boundary(text, max.saturating_add(LOOKAHEAD)));
    redact(searched) + rest
}

/// A text of an endpoint for messages and reports: without secrets, and cut after `max` bytes. The
/// end of a cut text says how long it was.
#[must_use]
pub fn redact_and_cut(text: &str, max: usize) -> String {
    let end = floor_boundary(text, max);
    let searched = text.get(..floor_boundary(text, max.saturating_add(LOOKAHEAD)));
    let hidden =
        KNOWN.read().unwrap_or_else(PoisonError::into_inner).find(searched.unwrap_or(text));
    let mut shown = String::with_capacity(end);
    let mut at = 0;
    for (begin, to) in hidden {
        if begin >= end {
            break;
        }
        shown.push_str(text.get(at..begin).unwrap_or_default());
        shown.push_str(HIDDEN);
        at = to;
    }
    shown.push_str(text.get(at..end).unwrap_or_default());
    if end < text.len() {
        shown.push_str(&format!("… (cut, {} bytes)", with_separators(text.len())));
    }
    shown
}

/// The greatest character boundary of a text up to `max`.
fn floor_boundary(text: &str, max: usize) -> usize {
    let max = max.min(text.len());
    (0..=max).rev().find(|it| text.is_char_boundary(*it)).unwrap_or_default()
}

/// A number with a comma after each group of three digits.
fn with_separators(number: usize) -> String {
    let digits = number.to_string();
    let mut shown = String::new();
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

impl KnownSecrets {
    fn has(&self, forms: &[Vec<u8>]) -> bool {
        forms.iter().all(|form| {
            let same = self.forms.get(&anchor(form).1);
            same.is_some_and(|same| same.iter().any(|it| **it == **form))
        })
    }

    fn add(&mut self, forms: Vec<Vec<u8>>) {
        self.values += 1;
        for form in forms {
            self.insert(form);
        }
    }

    fn insert(&mut self, form: Vec<u8>) {
        let key = anchor(&form).1;
        let same = self.forms.entry(key).or_default();
        if same.is_empty() {
            self.anchors.resize(1 << HASH_BITS, 0);
            if let Some(count) = self.anchors.get_mut(hash(key)) {
                *count = count.saturating_add(1);
            }
        }
        if same.iter().all(|it| **it != *form) {
            same.push(form.into_boxed_slice());
        }
    }

    fn remove(&mut self, form: &[u8]) {
        let key = anchor(form).1;
        if let Some(same) = self.forms.get_mut(&key) {
            same.retain(|it| **it != *form);
            if same.is_empty() {
                self.forms.remove(&key);
                if let Some(count) = self.anchors.get_mut(hash(key)) {
                    *count = count.saturating_sub(1);
                }
            }
        }
    }

    /// The ranges of a text that hold a remembered value, in order and without overlap.
    fn find(&self, text: &str) -> Vec<(usize, usize)> {
        let mut is_present = false;
        layers::<()>(text, &mut |layer| {
            is_present = is_present
                || self.values_in(&layer.bytes).next().is_some()
                || self.codes_in(&layer.bytes).next().is_some();
        });
        let mut found = Vec::new();
        if is_present {
            layers::<(u32, u32)>(text, &mut |layer| {
                let ranges = |it| layer.origins.get(it).unwrap_or_default();
                self.values_in(&layer.bytes).for_each(|it| spans(ranges(it), text, &mut found));
                let codes = self.codes_in(&layer.bytes).map(ranges);
                let codes = codes.filter(|it| is_number_of_its_own(it, text));
                codes.for_each(|it| spans(it, text, &mut found));
            });
        }
        found.sort_unstable();
        let mut merged: Vec<(usize, usize)> = Vec::new();
        for (begin, end) in found {
            match merged.last_mut() {
                Some(last) if begin <= last.1 => last.1 = last.1.max(end),
                _ => merged.push((begin, end)),
            }
        }
        merged
    }

    /// Where letters and digits hold a code of an MFA device, which may be a part of a longer number.
    fn codes_in(&self, letters: &[u8]) -> impl Iterator<Item = Range<usize>> {
        let searched = if self.codes.is_empty() { &[] } else { letters };
        let codes = searched.windows(CODE_DIGITS).enumerate().filter(|(_, digits)| {
            digits.iter().all(u8::is_ascii_digit) && self.codes.contains(*digits)
        });
        codes.map(|(place, _)| place..place + CODE_DIGITS)
    }

    /// Where letters and digits hold a remembered value or a signature.
    fn values_in(&self, letters: &[u8]) -> impl Iterator<Item = Range<usize>> {
        let mut window: Anchor = 0;
        let places = letters.iter().enumerate().filter_map(move |(place, byte)| {
            window = window << 8 | Anchor::from(*byte);
            let is_anchor = self.anchors.get(hash(window)).is_some_and(|count| *count > 0);
            let may_end_word =
                SIGNATURE.last() == Some(byte) || SIGNATURE_BACKWARDS.last() == Some(byte);
            (is_anchor || may_end_word).then_some((place + 1, window, is_anchor))
        });
        places.flat_map(move |(end, window, is_anchor)| {
            let forms = is_anchor.then(|| self.forms.get(&window)).flatten();
            let values = forms.into_iter().flatten().filter_map(move |form| {
                let begin = end.checked_sub(SEARCHED_MIN + anchor(form).0)?;
                let range = begin..begin + form.len();
                (letters.get(range.clone()) == Some(form)).then_some(range)
            });
            signature_beside(letters, end).into_iter().chain(values)
        })
    }
}

/// The digits of a signature beside the word that ends at this place.
fn signature_beside(letters: &[u8], end: usize) -> Option<Range<usize>> {
    let seen = letters.get(..end)?;
    let digits = if seen.ends_with(SIGNATURE) {
        end..end + SIGNATURE_DIGITS
    } else if seen.ends_with(SIGNATURE_BACKWARDS) {
        let end = end - SIGNATURE_BACKWARDS.len();
        end.checked_sub(SIGNATURE_DIGITS)?..end
    } else {
        return None;
    };
    let is_hex = |it: &[u8]| it.iter().all(u8::is_ascii_hexdigit);
    letters.get(digits.clone()).is_some_and(is_hex).then_some(digits)
}

/// Whether the parts of a text form one number, with nothing but white space in between.
fn is_number_of_its_own(ranges: &[(u32, u32)], text: &str) -> bool {
    let bytes = text.as_bytes();
    let place = |it: u32| it as usize;
    let (Some(first), Some(last)) = (ranges.first(), ranges.last()) else { return false };
    let before = place(first.0).checked_sub(1).and_then(|it| bytes.get(it));
    let beside = [before, bytes.get(place(last.1))];
    let ends = beside.iter().flatten().all(|it| !it.is_ascii_digit());
    let gap = |from: u32, to: u32| bytes.get(place(from)..place(to)).unwrap_or_default();
    let blank = |(from, to): (&(u32, u32), &(u32, u32))| {
        gap(from.1, to.0).iter().all(u8::is_ascii_whitespace)
    };
    ends && ranges.iter().zip(ranges.iter().skip(1)).all(blank)
}

/// The place and the bytes by which a form is found. A form has at least [`SEARCHED_MIN`] bytes.
fn anchor(form: &[u8]) -> (usize, Anchor) {
    let place = form.len().saturating_sub(SEARCHED_MIN) / 2;
    let bytes = form.get(place..).and_then(|it| it.first_chunk()).copied();
    (place, Anchor::from_be_bytes(bytes.unwrap_or_default()))
}

/// The index of an anchor in the table of counts (multiplicative hashing).
fn hash(anchor: Anchor) -> usize {
    let product = anchor.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    usize::try_from(product >> (Anchor::BITS - HASH_BITS)).unwrap_or_default()
}

/// The parts of a text that a found value covers: everything between its first and its last byte,
/// without the tags in between.
fn spans(ranges: &[(u32, u32)], text: &str, found: &mut Vec<(usize, usize)>) {
    let mut current: Option<(usize, usize)> = None;
    for (begin, end) in ranges.iter().map(|(begin, end)| (*begin as usize, *end as usize)) {
        current = match current {
            Some((from, to)) if text.get(to..begin).is_none_or(|gap| !has_tag(gap)) => {
                Some((from, to.max(end)))
            }
            before => {
                found.extend(before);
                Some((begin, end))
            }
        };
    }
    found.extend(current);
}

/// Whether a text has the start of a tag, of a comment or of a CDATA section.
fn has_tag(text: &str) -> bool {
    let starts_tag =
        |it: &str| it.starts_with(|it: char| it.is_ascii_alphabetic() || "/!?".contains(it));
    text.match_indices('<').any(|(place, _)| text.get(place + 1..).is_some_and(starts_tag))
}

/// The letters and digits of a text, in lower case. Bytes outside ASCII count as letters.
fn letters(text: &[u8]) -> Vec<u8> {
    let mut letters = text.to_vec();
    letters.retain(|it| it.is_ascii_alphanumeric() || *it >= 0x80);
    letters.make_ascii_lowercase();
    letters
}

/// The forms of a value that are searched for: its letters and digits as they are, without what
/// looks like an escape in it, decoded if they are base 64, and in base 16; each of them also
/// backwards. Each line of a longer text is a value of its own.
fn forms(value: &str) -> Vec<Vec<u8>> {
    if !is_searchable(value) {
        return Vec::new();
    }
    let decoded = BASE64.decode(value.trim().as_bytes()).ok();
    let decoded = decoded.filter(|it| it.iter().all(u8::is_ascii_graphic));
    let lines = value.lines().filter(|it| *it != value && !it.starts_with("-----"));
    let lines = lines.map(|it| letters(it.as_bytes()));
    let reversed: String = value.chars().rev().collect();
    let hex = [value, &reversed].map(|it| HEXLOWER.encode(it.as_bytes()).into_bytes());
    let mut forms = vec![letters(value.as_bytes())];
    if !value.bytes().all(|it| it.is_ascii_alphanumeric()) {
        forms.push(unescaped_letters(value));
        // A name made of the letters of an escaped text has those of the escapes.
        let escaped = utf8_percent_encode(value, NON_ALPHANUMERIC).to_string();
        forms.push(letters(utf8_percent_encode(&escaped, NON_ALPHANUMERIC).to_string().as_bytes()));
        forms.push(letters(escaped.as_bytes()));
    }
    forms.extend(decoded.map(|it| letters(&it)));
    forms.extend(hex);
    forms.extend(lines);
    forms.retain(|it| it.len() >= SEARCHED_MIN);
    forms.sort_unstable();
    forms.dedup();
    let backwards: Vec<Vec<u8>> = forms.iter().map(|it| backwards(it)).collect();
    forms.extend(backwards);
    forms
}

/// Letters and digits from the last to the first. A character outside ASCII stays as it is.
fn backwards(letters: &[u8]) -> Vec<u8> {
    if letters.is_ascii() {
        return letters.iter().rev().copied().collect();
    }
    String::from_utf8_lossy(letters).chars().rev().collect::<String>().into_bytes()
}

#[cfg(test)]
mod tests;
