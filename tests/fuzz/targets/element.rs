//! The XML parser parses or rejects any text.
#![no_main]

use iamspec_harness::wire::xml_read::Element;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(root) = Element::parse(text) {
        assert!(size(&root) <= text.len());
    }
});

/// The total size of all names and texts.
fn size(element: &Element) -> usize {
    element.name.len() + element.text.len() + element.children.iter().map(size).sum::<usize>()
}
