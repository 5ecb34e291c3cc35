//! Recognizes a response that belongs to the previous request.
//!
//! If a middlebox sends a response twice over one connection, a client takes the second copy for
//! the response to its next request. An error names no action, so that only its request id shows
//! the mistake. AWS's request ids are unique; those of some emulators are not, and prove nothing.

use std::collections::VecDeque;

/// The number of different ids after which ids count as unique.
const UNIQUE_MIN: usize = 8;

/// The number of latest ids that are compared.
const LATEST_MAX: usize = 64;

/// The latest request ids.
#[derive(Debug, Default)]
pub(crate) struct RequestIds {
    latest: VecDeque<String>,
    /// An id occurred twice before ids counted as unique, or not in a row.
    are_repeated: bool,
}

impl RequestIds {
    /// Records the id of a response. Returns true if the response belongs to the previous request.
    pub(crate) fn is_repeated(&mut self, body: &[u8]) -> bool {
        let Some(id) = id_of(body) else { return false };
        let is_previous = self.latest.back().is_some_and(|it| it == id);
        let is_known = self.latest.iter().any(|it| it == id);
        if is_previous && !self.are_repeated && self.latest.len() >= UNIQUE_MIN {
            return true;
        }
        self.are_repeated |= is_known;
        if !is_known {
            self.latest.push_back(id.to_owned());
        }
        if self.latest.len() > LATEST_MAX {
            self.latest.pop_front();
        }
        false
    }
}

/// The request id in a response.
pub(crate) fn id_of(body: &[u8]) -> Option<&str> {
    let (_, rest) = std::str::from_utf8(body).ok()?.rsplit_once("<RequestId>")?;
    rest.split('<').next().filter(|it| !it.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of the responses with these ids are repeated.
    fn repeated(ids: &[usize]) -> Vec<usize> {
        let mut seen = RequestIds::default();
        let is_repeated = |id: &&usize| {
            seen.is_repeated(format!("<E><RequestId>{id}</RequestId></E>").as_bytes())
        };
        ids.iter().filter(is_repeated).copied().collect()
    }

    #[test]
    fn a_second_copy_is_recognized_where_ids_are_unique() {
        assert_eq!(repeated(&[1, 2, 3, 4, 5, 6, 7, 8, 8, 9, 9]), [8, 9]);
        assert_eq!(repeated(&[1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9]), [0; 0]);
        assert_eq!(repeated(&[1, 2, 3, 4, 5, 6, 7, 8, 1, 8, 8]), [0; 0]);
        assert!(!RequestIds::default().is_repeated(b"<E/>"));
    }
}
