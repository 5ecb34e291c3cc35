//! Reads the pages of a listing, one after the other, up to a limit.
//!
//! Every loop over pages uses [`every`], so that an endpoint whose listing has no end cannot keep a
//! run or a cleanup from ending.

use std::collections::BTreeSet;

use crate::wire::xml_read::Element;

/// The highest number of pages that are read. A page has up to 1000 items.
const PAGES_MAX: usize = 100;

/// Reads every page of a listing. `read` gets the marker of a page, `None` for the first one, and
/// returns the marker of the next page, `None` after the last one, as [`next`] does.
///
/// # Errors
/// An error of `read`; a repeated marker, or too many pages, converted by `endless`.
pub(crate) fn every<E>(
    mut read: impl FnMut(Option<String>) -> Result<Option<String>, E>,
    endless: impl FnOnce(String) -> E,
) -> Result<(), E> {
    let mut markers = BTreeSet::new();
    let mut marker = None;
    for _ in 0..PAGES_MAX {
        let Some(next) = read(marker)? else { return Ok(()) };
        if !markers.insert(next.clone()) {
            return Err(endless("a page of a listing leads back to an earlier page".to_owned()));
        }
        marker = Some(next);
    }
    Err(endless(format!("more than {PAGES_MAX} pages")))
}

/// The marker of the next page; `None` after the last page.
///
/// # Errors
/// A page is truncated and has no marker: the rest of the listing cannot be read.
pub(crate) fn next(truncated: bool, marker: Option<&str>) -> Result<Option<String>, &'static str> {
    match marker.filter(|it| !it.is_empty()) {
        _ if !truncated => Ok(None),
        Some(marker) => Ok(Some(marker.to_owned())),
        None => Err("a part of a listing, without a Marker for the rest"),
    }
}

/// The marker of the page after this result, as [`next`] reads it.
pub(crate) fn after(result: &Element) -> Result<Option<String>, &'static str> {
    next(result.text_of("IsTruncated") == Some("true"), result.text_of("Marker"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads pages with these next markers, and counts the pages.
    fn read(markers: impl IntoIterator<Item = usize>) -> (usize, Result<(), String>) {
        let (mut markers, mut pages) = (markers.into_iter(), 0);
        let read = every(
            |_| {
                pages += 1;
                Ok(markers.next().map(|it| it.to_string()))
            },
            |reason| reason,
        );
        (pages, read)
    }

    #[test]
    fn all_pages_are_read_unless_the_listing_has_no_end() {
        assert_eq!(read([]), (1, Ok(())));
        assert_eq!(read(0..99), (100, Ok(())));
        let back = Err("a page of a listing leads back to an earlier page".to_owned());
        assert_eq!(read([7, 7]), (2, back.clone()));
        assert_eq!(read((0..5).cycle()), (6, back));
        assert_eq!(read(0..), (100, Err("more than 100 pages".to_owned())));
    }

    #[test]
    fn a_truncated_page_without_a_marker_is_an_error() {
        assert_eq!(next(false, None), Ok(None));
        assert_eq!(next(false, Some("a")), Ok(None));
        assert_eq!(next(true, Some("a")), Ok(Some("a".to_owned())));
        assert!(next(true, None).is_err() && next(true, Some("")).is_err());
    }
}
