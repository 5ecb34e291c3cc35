//! From text to answers: what stands behind `->`.

use iamspec_model::kind::Naming;
use iamspec_model::{Class, Item, Kind, Object, Path, Status, Thing, User};

use super::parse::{Failure, Words};
use crate::observed::{Cause, Interruption, Observed, Shown};

impl Words<'_> {
    pub(super) fn answer(&mut self) -> Result<Observed, Failure> {
        let word = self.word(&[]);
        if word == "interrupted" {
            return self.interruption();
        }
        let Some(http) = word.parse().ok().filter(|it| (100..600).contains(it)) else {
            let found = Self::found(word);
            return self
                .back(word, format!("expected an HTTP status such as 200 or 409, found {found}"));
        };
        let at = self.place - word.len();
        self.skip_blanks();
        match http {
            200 if self.rest().starts_with('[') => Ok(Observed::Done(Some(self.listing()?))),
            200 if self.rest().is_empty() || self.rest().starts_with('#') => Ok(Observed::DONE),
            // An error in an answer of success is written with its code in quotes.
            200..300 if !self.rest().starts_with('"') => self.no_success(word, at),
            _ => {
                let code = self.text(&['"'])?;
                if code.is_empty() {
                    return self.fail("expected an error code such as `DeleteConflict`, found the end of the line");
                }
                Ok(Observed::Refused { http, code, message: self.quoted()? })
            }
        }
    }

    /// The error for a word other than a listing after a status of success, which begins at this place.
    fn no_success(&mut self, status: &str, at: usize) -> Result<Observed, Failure> {
        let other = "an error code follows a status such as 409, or is in quotes";
        if status != "200" {
            self.place = at;
            return self.fail(format!(
                "expected `200` for a call that is carried out, found `{status}`; {other}"
            ));
        }
        let word = self.word(&[]);
        let found = Self::found(word);
        self.back(
            word,
            format!(
                "expected the end of the line, or a listing such as `[key#0]`, after `200`, found {found}; {other}"
            ),
        )
    }

    fn interruption(&mut self) -> Result<Observed, Failure> {
        let word = self.word(&[]);
        let Some(cause) = Cause::ALL.into_iter().find(|cause| cause.name() == word) else {
            let found = Self::found(word);
            return self.back(
                word,
                format!("expected what interrupted the call, such as `timeout`, found {found}"),
            );
        };
        let detail = self.quoted()?.unwrap_or_default();
        Ok(Observed::Interrupted(Interruption { cause, detail }))
    }

    fn listing(&mut self) -> Result<Shown, Failure> {
        let mut shown = Shown::default();
        self.place += 1;
        loop {
            self.skip_blanks();
            if self.rest().starts_with('?') {
                self.place += 1;
                shown.strangers.push(self.text(&[',', ']'])?);
            } else if !self.rest().starts_with(']') {
                let thing = self.thing()?;
                self.skip_blanks();
                let more = self.rest().starts_with(['A', 'I']);
                shown.items.push((thing, if more { self.status()? } else { Status::Active }));
            }
            self.skip_blanks();
            let end = self.rest().starts_with(']');
            if !end && !self.rest().starts_with(',') {
                return self.fail("expected `,` or `]` in the listing");
            }
            self.place += 1;
            if end {
                return Ok(shown);
            }
        }
    }

    /// A symbol of anything that an answer can show.
    fn thing(&mut self) -> Result<Thing, Failure> {
        let word = self.word(&[',', ']']);
        let numbered = |prefix: &str| word.strip_prefix(prefix)?.parse().ok();
        let user = numbered("u").map(|it| Thing::User(User(it)));
        let path =
            numbered("path").and_then(|it| u8::try_from(it).ok()).map(|it| Thing::Path(Path(it)));
        let object = Class::all().find_map(|class| {
            let item = Item(numbered(class.row().symbol)?);
            Some(Thing::Object(Object { class, item }))
        });
        let named =
            |kind: &Kind| kind.row().refers.is_none() && kind.row().naming != Naming::Single;
        let item = Kind::all().filter(named).find_map(|kind| {
            let of_service = kind.row().naming == Naming::Service;
            let prefix = format!("{}{}", kind.row().symbol, if of_service { "#" } else { "" });
            Some(Thing::Item(kind, Item(numbered(&prefix)?)))
        });
        if let Some(thing) = user.or(path).or(object).or(item) {
            return Ok(thing);
        }
        if let Some(number) = numbered("v") {
            let place = self.place;
            let default = self.word(&[',', ']']) == "default";
            self.place = if default { self.place } else { place };
            return Ok(Thing::Version { number, default });
        }
        let found = Self::found(word);
        self.back(word, format!("expected a symbol such as `u0` or `key#0`, found {found}"))
    }

    /// A word, or a text in quotes.
    fn text(&mut self, stops: &[char]) -> Result<String, Failure> {
        match self.quoted()? {
            Some(text) => Ok(text),
            None => Ok(self.word(stops).to_owned()),
        }
    }

    /// A text in quotes, with the escapes that Rust's `{:?}` writes.
    fn quoted(&mut self) -> Result<Option<String>, Failure> {
        self.skip_blanks();
        let Some(inner) = self.rest().strip_prefix('"') else { return Ok(None) };
        let mut text = String::new();
        let mut chars = inner.char_indices();
        while let Some((index, char)) = chars.next() {
            match char {
                '"' => {
                    self.place += index + 2;
                    return Ok(Some(text));
                }
                '\\' => match unescape(&mut chars) {
                    Some(char) => text.push(char),
                    None => return self.fail("expected an escape such as `\\n` or `\\\"`"),
                },
                _ => text.push(char),
            }
        }
        self.fail("expected a closing `\"`, found the end of the line")
    }
}

fn unescape(chars: &mut std::str::CharIndices<'_>) -> Option<char> {
    match chars.next()?.1 {
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        '0' => Some('\0'),
        'u' => {
            chars.next().filter(|(_, it)| *it == '{')?;
            let digits: String =
                chars.by_ref().map(|(_, it)| it).take_while(|it| *it != '}').collect();
            char::from_u32(u32::from_str_radix(&digits, 16).ok()?)
        }
        other => Some(other),
    }
}
