//! The forms of a text in which secrets are searched for: unchanged, and decoded.
//!
//! A [`Layer`] has the letters and digits of one form, each with its [`ByteOrigin`]. There is one
//! layer for each level of nested escapes (percent-encoding, XML entities, JSON escapes), one more
//! without tags for each level, and one for each piece of base 64 and base 16 in the text. A piece that
//! tags or quotes divide is joined.

/// The number of nested escapes that are decoded.
const LEVELS_MAX: usize = 5;

/// A shorter run of base 64 holds no secret that is searched for.
const BASE64_MIN: usize = 11;

/// A shorter run of base 16 holds no secret that is searched for.
const BASE16_MIN: usize = 16;

/// The start of a CDATA section.
const CDATA: &[u8] = b"<![CDATA[";

/// A longer divider of two texts is not looked for.
const DIVIDER_MAX: usize = 256;

/// A shorter part of base 64 or base 16 beside a tag or a quote is not joined with the next one.
const PIECE_MIN: usize = 8;

/// Where a byte of a reading comes from. Few texts hold a secret, so a search first looks for one
/// without places (`()`), which takes a fraction of the time.
pub(crate) trait ByteOrigin: Copy {
    /// This part of the original text.
    fn part(begin: usize, end: usize) -> Self;

    /// Everything from the begin of one part to the end of another.
    fn joined(first: Self, last: Self) -> Self;
}

impl ByteOrigin for () {
    fn part(_: usize, _: usize) -> Self {}

    fn joined((): Self, (): Self) -> Self {}
}

/// The begin and the end of a part of the original text.
impl ByteOrigin for (u32, u32) {
    fn part(begin: usize, end: usize) -> Self {
        let place = |it: usize| u32::try_from(it).unwrap_or(u32::MAX);
        (place(begin), place(end))
    }

    fn joined(first: Self, last: Self) -> Self {
        (first.0, last.1)
    }
}

/// The letters and digits of one reading of a text, in lower case.
pub(crate) struct Layer<O> {
    /// The letters and digits; also all bytes outside ASCII.
    pub(crate) bytes: Vec<u8>,
    /// Where each byte comes from.
    pub(crate) origins: Vec<O>,
}

/// Calls `search` with every layer of a text, one after the other.
pub(crate) fn layers<O: ByteOrigin>(text: &str, search: &mut dyn FnMut(&Layer<O>)) {
    let mut reading = Reading::<O>::plain(text);
    for level in 0..LEVELS_MAX {
        if level > 0 {
            match reading.unescaped() {
                Some(unescaped) => reading = unescaped,
                None => break,
            }
        }
        search(&reading.letters());
        if reading.bytes.contains(&b'<') {
            search(&reading.without_tags());
        }
        if reading.bytes.contains(&b':') && reading.bytes.contains(&b'"') {
            search(&reading.without_member_names());
        }
        search_encoded(&reading, search);
        if let Some(joined) = reading.joined_pieces() {
            search_encoded(&joined, search);
        }
    }
}

/// Calls `search` with what the pieces of base 64 and base 16 encode. It has at most one more escape.
fn search_encoded<O: ByteOrigin>(reading: &Reading<O>, search: &mut dyn FnMut(&Layer<O>)) {
    let mut search_inner = |inner: &Reading<O>| {
        if inner.bytes.is_empty() {
            return false;
        }
        search(&inner.letters());
        if let Some(unescaped) = inner.unescaped() {
            search(&unescaped.letters());
        }
        true
    };
    // Without a piece, no phase has one.
    _ = (0..4).all(|phase| search_inner(&reading.base64_decoded(phase)));
    _ = (0..2).all(|phase| search_inner(&reading.base16_decoded(phase)));
}

/// The letters and digits of a text with all of its escapes decoded, in lower case.
pub(crate) fn unescaped_letters(text: &str) -> Vec<u8> {
    let mut reading = Reading::<()>::plain(text);
    for _ in 1..LEVELS_MAX {
        match reading.unescaped() {
            Some(unescaped) => reading = unescaped,
            None => break,
        }
    }
    reading.letters().bytes
}

/// The value of a character of base 64 or base 16, and its place.
type Digit = (u32, usize);

/// All bytes of a reading.
struct Reading<O> {
    bytes: Vec<u8>,
    origins: Vec<O>,
}

impl<O: ByteOrigin> Reading<O> {
    fn plain(text: &str) -> Self {
        let origins = (0..text.len()).map(|it| O::part(it, it + 1)).collect();
        Self { bytes: text.as_bytes().to_vec(), origins }
    }

    /// A reading without bytes, which will have at most as many bytes as this one.
    fn empty(&self) -> Self {
        let length = self.bytes.len();
        Self { bytes: Vec::with_capacity(length), origins: Vec::with_capacity(length) }
    }

    fn push(&mut self, byte: u8, origin: O) {
        self.bytes.push(byte);
        self.origins.push(origin);
    }

    /// Where some bytes come from.
    fn span(&self, from: usize, length: usize) -> O {
        let first = self.origins.get(from).copied().unwrap_or_else(|| O::part(0, 0));
        let last = self.origins.get(from + length.saturating_sub(1)).copied();
        O::joined(first, last.unwrap_or(first))
    }

    /// The reading with one level of escapes decoded; `None` if it has none.
    fn unescaped(&self) -> Option<Self> {
        let mut unescaped = self.empty();
        let (mut at, mut changed) = (0, false);
        while let Some(byte) = self.bytes.get(at) {
            let rest = self.bytes.get(at..).unwrap_or_default();
            let escape = if matches!(byte, b'%' | b'&' | b'\\') { escape(rest) } else { None };
            let Some((char, length)) = escape else {
                unescaped.push(*byte, self.span(at, 1));
                at += 1;
                continue;
            };
            changed = true;
            let range = self.span(at, length);
            match char {
                Escaped::Byte(byte) => unescaped.push(byte, range),
                Escaped::Char(char) => {
                    let mut buffer = [0; 4];
                    char.encode_utf8(&mut buffer).bytes().for_each(|it| unescaped.push(it, range));
                }
            }
            at += length;
        }
        changed.then_some(unescaped)
    }

    fn letters(&self) -> Layer<O> {
        self.kept(|_, _| false)
    }

    /// The letters outside tags and comments. The content of CDATA sections is kept.
    fn without_tags(&self) -> Layer<O> {
        let mut skipped = 0;
        let mut in_tag = false;
        self.kept(|place, byte| {
            if skipped > 0 {
                skipped -= 1;
                return true;
            }
            match byte {
                b'<' if self.bytes.get(place..).is_some_and(|it| it.starts_with(CDATA)) => {
                    skipped = CDATA.len() - 1;
                    true
                }
                b'<' => {
                    in_tag = true;
                    true
                }
                b'>' => {
                    in_tag = false;
                    true
                }
                _ => in_tag,
            }
        })
    }

    /// The letters outside the names of JSON members.
    fn without_member_names(&self) -> Layer<O> {
        let mut skipped_to = 0;
        let mut quote_end = 0;
        self.kept(|place, byte| {
            if place < skipped_to {
                return true;
            }
            if byte == b'"' && place >= quote_end {
                let rest = self.bytes.get(place + 1..).unwrap_or_default();
                if let Some(length) = rest.iter().position(|it| *it == b'"') {
                    let after = rest.get(length + 1..).unwrap_or_default();
                    let after = after.iter().find(|it| !it.is_ascii_whitespace());
                    quote_end = place + length + 2;
                    if after == Some(&b':') {
                        skipped_to = quote_end;
                    }
                } else {
                    quote_end = usize::MAX;
                }
            }
            false
        })
    }

    /// The pieces of base 64 or base 16 that tags, comments or quotes divide, each of them joined;
    /// `None` if there are none.
    fn joined_pieces(&self) -> Option<Self> {
        let mut joined = Self { bytes: Vec::new(), origins: Vec::new() };
        // The parts of a divided piece, and where the current one begins.
        let (mut parts, mut begin) = (Vec::new(), 0);
        let mut at = 0;
        loop {
            let byte = self.bytes.get(at).copied();
            if byte.is_some_and(|it| sextet(it).is_some() || matches!(it, b'\r' | b'\n')) {
                at += 1;
                continue;
            }
            let rest = self.bytes.get(at..).unwrap_or_default();
            let divider = if at - begin < PIECE_MIN { 0 } else { divider(rest) };
            let next = rest.iter().skip(divider).take(PIECE_MIN);
            if divider > 0 && next.filter(|it| sextet(**it).is_some()).count() == PIECE_MIN {
                parts.push(begin..at);
                at += divider;
            } else {
                if !parts.is_empty() {
                    parts.push(begin..at);
                    for place in parts.drain(..).flatten() {
                        let byte = self.bytes.get(place).copied().unwrap_or(b' ');
                        joined.push(byte, self.span(place, 1));
                    }
                    joined.push(b'.', O::part(0, 0));
                }
                at += 1;
            }
            begin = at;
            if byte.is_none() {
                return (!joined.bytes.is_empty()).then_some(joined);
            }
        }
    }

    /// The letters and digits that are not skipped.
    fn kept(&self, mut skips: impl FnMut(usize, u8) -> bool) -> Layer<O> {
        let Self { mut bytes, mut origins } = self.empty();
        for (place, (byte, origin)) in self.bytes.iter().zip(&self.origins).enumerate() {
            let skipped = skips(place, *byte);
            if !skipped && (byte.is_ascii_alphanumeric() || *byte >= 0x80) {
                bytes.push(byte.to_ascii_lowercase());
                origins.push(*origin);
            }
        }
        Layer { bytes, origins }
    }

    /// The bytes that the runs of base 64 encode, if each run begins `phase` characters later.
    fn base64_decoded(&self, phase: usize) -> Self {
        let mut decoded = Self { bytes: Vec::new(), origins: Vec::new() };
        self.for_each_run(sextet, BASE64_MIN, &mut |run| {
            self.decode_base64(run.get(phase..).unwrap_or_default(), &mut decoded);
        });
        decoded
    }

    /// The bytes that the runs of base 16 encode, if each run begins `phase` digits later.
    fn base16_decoded(&self, phase: usize) -> Self {
        let mut decoded = Self { bytes: Vec::new(), origins: Vec::new() };
        let digit = |byte: u8| char::from(byte).to_digit(16);
        self.for_each_run(digit, BASE16_MIN, &mut |run| {
            for pair in run.get(phase..).unwrap_or_default().chunks_exact(2) {
                let &[(high, first), (low, last)] = pair else { continue };
                if let Ok(byte) = u8::try_from(high << 4 | low) {
                    decoded.push(byte, self.span(first, last - first + 1));
                }
            }
        });
        decoded
    }

    /// Calls `visit` with every run of characters that have a value, each with its place. A line
    /// break inside a run is ignored, with the spaces at the start of the next line.
    fn for_each_run(
        &self,
        value: impl Fn(u8) -> Option<u32>,
        length_min: usize,
        visit: &mut dyn FnMut(&[Digit]),
    ) {
        let mut run: Vec<Digit> = Vec::new();
        let mut is_line_start = false;
        for (place, byte) in self.bytes.iter().enumerate() {
            if let Some(value) = value(*byte) {
                run.push((value, place));
                is_line_start = false;
            } else if matches!(byte, b'\r' | b'\n') {
                is_line_start = true;
            } else if !(is_line_start && matches!(byte, b' ' | b'\t')) {
                if run.len() >= length_min {
                    visit(&run);
                }
                run.clear();
                is_line_start = false;
            }
        }
        if run.len() >= length_min {
            visit(&run);
        }
    }

    fn decode_base64(&self, run: &[Digit], decoded: &mut Self) {
        for group in run.chunks(4) {
            let bits = group.iter().fold(0, |bits, (value, _)| bits << 6 | value);
            let bits = bits << (6 * (4 - group.len()));
            let (first, last) = (group.first(), group.last());
            let (Some((_, first)), Some((_, last))) = (first, last) else { continue };
            let range = self.span(*first, last - first + 1);
            let bytes = bits.to_be_bytes();
            let whole = group.len() * 6 / 8;
            bytes.iter().skip(1).take(whole).for_each(|byte| decoded.push(*byte, range));
        }
    }
}

/// The length of everything that divides two texts at the start of a text, such as an end tag, white
/// space and a start tag. Longer dividers are not looked for, so that no text takes long.
fn divider(text: &[u8]) -> usize {
    let text = text.get(..DIVIDER_MAX).unwrap_or(text);
    let mut length = 0;
    while let Some(rest) = text.get(length..) {
        let blank = rest.iter().take_while(|it| it.is_ascii_whitespace()).count();
        let Some(next) = rest.get(blank..).and_then(divider_part) else { break };
        length += blank + next;
    }
    length
}

/// The length of one part of a divider: a tag, a comment, the start or the end of a CDATA section, or
/// what is between two strings of JSON.
fn divider_part(text: &[u8]) -> Option<usize> {
    let after = |from: usize, end: &[u8]| {
        let rest = text.get(from..)?;
        Some(from + rest.windows(end.len()).position(|it| it == end)? + end.len())
    };
    match text {
        it if it.starts_with(CDATA) => Some(CDATA.len()),
        it if it.starts_with(b"]]>") => Some(3),
        it if it.starts_with(b"<!--") => after(4, b"-->"),
        [b'<', ..] => after(1, b">"),
        [b'"', rest @ ..] => {
            let is_between = |it: &&u8| b"\",:[]{}".contains(*it) || it.is_ascii_whitespace();
            let next = 1 + rest.iter().take_while(is_between).count();
            // The next string may be the name of a member.
            let name_end = after(next, b"\"").filter(|it| {
                let rest = text.get(*it..).unwrap_or_default();
                rest.iter().find(|it| !it.is_ascii_whitespace()) == Some(&b':')
            });
            Some(name_end.map_or(next, |it| it - 1))
        }
        _ => None,
    }
}

/// The value of a character of base 64, in the standard and in the URL alphabet.
fn sextet(byte: u8) -> Option<u32> {
    Some(match byte {
        b'A'..=b'Z' => u32::from(byte - b'A'),
        b'a'..=b'z' => u32::from(byte - b'a') + 26,
        b'0'..=b'9' => u32::from(byte - b'0') + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

/// The character that an escape encodes.
enum Escaped {
    /// A byte of UTF-8.
    Byte(u8),
    /// A character.
    Char(char),
}

/// What the escape at the start of a text stands for, and its length.
fn escape(text: &[u8]) -> Option<(Escaped, usize)> {
    let number = |from: usize, to: usize| {
        let digits = std::str::from_utf8(text.get(from..to)?).ok()?;
        // A sign is not a digit.
        let digits = digits.bytes().all(|it| it.is_ascii_hexdigit()).then_some(digits)?;
        u32::from_str_radix(digits, 16).ok()
    };
    let char = |code: u32, length| Some((Escaped::Char(char::from_u32(code)?), length));
    let byte = |code: u32, length| Some((Escaped::Byte(u8::try_from(code).ok()?), length));
    match text {
        [b'%', b'u' | b'U', ..] => char(number(2, 6)?, 6),
        [b'%', ..] => byte(number(1, 3)?, 3),
        [b'\\', b'u' | b'U', b'{', ..] => {
            let end = text.iter().take(12).position(|it| *it == b'}')?;
            char(number(3, end)?, end + 1)
        }
        [b'\\', b'u' | b'U', ..] => char(number(2, 6)?, 6),
        [b'\\', b'x' | b'X', ..] => byte(number(2, 4)?, 4),
        [b'\\', b'n', ..] => char(u32::from('\n'), 2),
        [b'\\', b'r', ..] => char(u32::from('\r'), 2),
        [b'\\', b't' | b'b' | b'f', ..] => char(u32::from(' '), 2),
        [b'\\', other @ (b'\\' | b'/' | b'"' | b'\''), ..] => byte(u32::from(*other), 2),
        [b'&', ..] => {
            let end = text.iter().take(14).position(|it| *it == b';')?;
            let name = std::str::from_utf8(text.get(1..end)?).ok()?;
            let code = match name.strip_prefix('#') {
                Some(code) => match code.strip_prefix(['x', 'X']) {
                    Some(code) => u32::from_str_radix(code, 16).ok()?,
                    None => code.parse().ok()?,
                },
                // No other entity of HTML, such as `&plus;`, is a letter or a digit.
                None if name.bytes().all(|it| it.is_ascii_alphanumeric()) => {
                    let known = quick_xml::escape::resolve_xml_entity(name);
                    u32::from(known.and_then(|it| it.chars().next()).unwrap_or(' '))
                }
                None => return None,
            };
            char(code, end + 1)
        }
        _ => None,
    }
}
