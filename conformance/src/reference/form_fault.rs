//! Faults in the form of responses: what a mutant drops, renames, reframes or encodes differently.
//!
//! A response in memory has no form: the reference server applies these faults to its XML.

/// How a mutant changes the form of its responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormFault {
    /// The root element has another name.
    RenamesRoot,
    /// The root element has no namespace.
    DropsNamespace,
    /// The result is the root element.
    ResultAsRoot,
    /// The result has no element of its own.
    UnwrapsResult,
    /// The document begins with a byte order mark.
    ByteOrderMark,
    /// The names of all elements have a namespace prefix.
    Prefixes,
    /// The text of elements of this name is in a CDATA section.
    CData(&'static str),
    /// The text of elements of this name contains a comment.
    Comments(&'static str),
    /// The metadata of a success comes before its result.
    MetadataFirst,
    /// Elements of the first name have the second one.
    Renames(&'static str, &'static str),
    /// Elements of this name are missing.
    Drops(&'static str),
    /// Elements of this name occur twice.
    Repeats(&'static str),
    /// Elements of the first name contain this additional XML.
    Inserts(&'static str, &'static str),
    /// Elements of the first name have this text.
    Replaces(&'static str, &'static str),
    /// Elements of this name have white space around their text.
    Pads(&'static str),
    /// The text of elements of this name is not percent-encoded.
    Decodes(&'static str),
    /// An error has no `ErrorResponse`.
    BareError,
    /// An error has the form of EC2's.
    ErrorOfEc2,
    /// An error is in JSON.
    JsonError,
    /// A success has this HTTP status.
    Status(u16),
    /// The response has this content type.
    ContentType(&'static str),
    /// A page has all entries, whatever the request asks for.
    IgnoresMaxItems,
}
