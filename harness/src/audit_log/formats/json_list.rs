//! Reads a list within a JSON document element by element, so that memory use does not depend on
//! the length of the list.

use std::fmt;
use std::io::Read;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

/// Emits each element of the list that these member names lead to. Other members are ignored.
///
/// # Errors
/// The document is not JSON, or an element has another type. Earlier elements were emitted.
pub(super) fn each<T: DeserializeOwned>(
    reader: impl Read,
    path: &[&str],
    emit: &mut dyn FnMut(T),
) -> serde_json::Result<()> {
    let mut deserializer = serde_json::Deserializer::from_reader(reader);
    List { path, emit, element: PhantomData }.deserialize(&mut deserializer)?;
    deserializer.end()
}

/// The list at a path within a value.
struct List<'a, T> {
    path: &'a [&'a str],
    emit: &'a mut dyn FnMut(T),
    element: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for List<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.path.is_empty() {
            deserializer.deserialize_seq(self)
        } else {
            deserializer.deserialize_map(self)
        }
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for List<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.first() {
            Some(name) => write!(f, "an object with `{name}`"),
            None => f.write_str("a list"),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let (name, path) = self.path.split_first().unwrap_or((&"", &[]));
        while let Some(key) = map.next_key::<String>()? {
            if key == *name {
                let emit = &mut *self.emit;
                map.next_value_seed(List { path, emit, element: PhantomData })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(element) = list.next_element()? {
            (self.emit)(element);
        }
        Ok(())
    }
}
