//! The paths of an invocation, parsed by hand: `/2015-03-31/functions/{name}[:{qualifier}]/invocations?Qualifier=…` and
//! `/2021-11-15/functions/{name}[:{qualifier}]/response-streaming-invocations?Qualifier=…`.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

const PREFIX: &str = "/2015-03-31/functions/";
const SUFFIX: &str = "/invocations";
const STREAMING_PREFIX: &str = "/2021-11-15/functions/";
const STREAMING_SUFFIX: &str = "/response-streaming-invocations";
/// Lambda's own limit.
const MAX_NAME: usize = 64;
const MAX_QUALIFIER: usize = 128;

/// Which function an invocation is for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) qualifier: Option<Cow<'a, str>>,
}

/// What is wrong with a name or qualifier, for the answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadTarget(pub(crate) String);

/// What stands for the name, if this is the path of an invocation.
pub(crate) fn segment(path: &str) -> Option<&str> {
    path.strip_prefix(PREFIX)?.strip_suffix(SUFFIX).filter(|segment| !segment.contains('/'))
}

/// The same of an invocation whose response is streamed.
pub(crate) fn streaming_segment(path: &str) -> Option<&str> {
    path.strip_prefix(STREAMING_PREFIX)?.strip_suffix(STREAMING_SUFFIX).filter(|segment| !segment.contains('/'))
}

/// Name and qualifier from the path's [`segment`] and the query.
pub(crate) fn parse<'a>(segment: &'a str, query: Option<&'a str>) -> Result<Target<'a>, BadTarget> {
    let (name, mut qualifier) = if segment.bytes().all(is_name_byte) {
        (Cow::Borrowed(segment), None)
    } else {
        split_qualifier(match decode(segment)? {
            Cow::Borrowed(text) => Cow::Borrowed(without_prefix(text)),
            Cow::Owned(text) => Cow::Owned(without_prefix(&text).to_owned()),
        })
    };
    if name.is_empty() || name.len() > MAX_NAME || !name.bytes().all(is_name_byte) {
        return Err(BadTarget(format!(
            "Value '{name}' at 'functionName' failed to satisfy constraint: 1 to {MAX_NAME} letters, digits, hyphens and underscores"
        )));
    }
    if let Some(asked) = query.and_then(|query| find(query, "Qualifier")) {
        let asked = decode(asked)?;
        if qualifier.as_ref().is_some_and(|qualifier| *qualifier != asked) {
            return Err(BadTarget("The qualifier of the function name and the parameter 'Qualifier' differ".into()));
        }
        qualifier = Some(asked);
    }
    match qualifier {
        Some(qualifier) if !is_qualifier(&qualifier) => Err(BadTarget(format!(
            "Value '{qualifier}' at 'qualifier' failed to satisfy constraint: $LATEST, or 1 to {MAX_QUALIFIER} letters, digits, hyphens and underscores"
        ))),
        qualifier => Ok(Target { name, qualifier }),
    }
}

/// `arn:aws:lambda:region:account:function:name:qualifier`, `account:function:name`, `function:name` → what follows the prefix.
fn without_prefix(text: &str) -> &str {
    let mut rest = text;
    if let Some(arn) = rest.strip_prefix("arn:aws") {
        // Partition's rest, service, region.
        let mut parts = arn.splitn(4, ':');
        if let (Some(_), Some("lambda"), Some(_), Some(after)) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        {
            rest = after;
        }
    }
    if let Some((account, after)) = rest.split_once(':')
        && account.len() == 12
        && account.bytes().all(|byte| byte.is_ascii_digit())
    {
        rest = after;
    }
    rest.strip_prefix("function:").unwrap_or(rest)
}

fn split_qualifier(name: Cow<'_, str>) -> (Cow<'_, str>, Option<Cow<'_, str>>) {
    let split = match &name {
        Cow::Borrowed(name) => {
            name.split_once(':').map(|(name, qualifier)| (Cow::Borrowed(name), Cow::Borrowed(qualifier)))
        }
        Cow::Owned(name) => name
            .split_once(':')
            .map(|(name, qualifier)| (Cow::Owned(name.to_owned()), Cow::Owned(qualifier.to_owned()))),
    };
    split.map_or((name, None), |(name, qualifier)| (name, Some(qualifier)))
}

fn decode(text: &str) -> Result<Cow<'_, str>, BadTarget> {
    percent_decode_str(text).decode_utf8().map_err(|_| BadTarget("The path is not UTF-8".into()))
}

fn find<'a>(query: &'a str, key: &str) -> Option<&'a str> {
    query.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='))
}

fn is_qualifier(text: &str) -> bool {
    text == "$LATEST" || (!text.is_empty() && text.len() <= MAX_QUALIFIER && text.bytes().all(is_name_byte))
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, query: Option<&str>) -> (String, Option<String>) {
        let target = parse(segment(path).unwrap(), query).unwrap();
        (target.name.into_owned(), target.qualifier.map(Cow::into_owned))
    }

    #[test]
    fn finds_name_and_qualifier() {
        let name = |name: &str, qualifier: Option<&str>| (name.to_owned(), qualifier.map(str::to_owned));
        assert_eq!(found("/2015-03-31/functions/hello/invocations", None), name("hello", None));
        assert_eq!(found("/2015-03-31/functions/h%65llo/invocations", Some("a=b")), name("hello", None));
        assert_eq!(found("/2015-03-31/functions/a:b/invocations", None), name("a", Some("b")));
        assert_eq!(
            found("/2015-03-31/functions/a%3A%24LATEST/invocations", Some("Qualifier=%24LATEST")),
            name("a", Some("$LATEST"))
        );
        let arn = "arn%3Aaws%3Alambda%3Aeu-central-1%3A000000000000%3Afunction%3Aa";
        assert_eq!(found(&format!("/2015-03-31/functions/{arn}/invocations"), None), name("a", None));
        assert_eq!(found(&format!("/2015-03-31/functions/{arn}%3A7/invocations"), None), name("a", Some("7")));
        assert_eq!(
            found("/2015-03-31/functions/000000000000:function:a:live/invocations", None),
            name("a", Some("live"))
        );
        assert_eq!(found("/2015-03-31/functions/function:a/invocations", None), name("a", None));
        assert_eq!(found("/2015-03-31/functions/a/invocations", Some("x=1&Qualifier=2")), name("a", Some("2")));
    }

    #[test]
    fn leaves_other_paths_alone() {
        for path in ["/", "/2015-03-31/functions/", "/2015-03-31/functions/a", "/2015-03-31/functions/a/b/invocations"]
        {
            assert_eq!(segment(path), None, "{path}");
        }
    }

    #[test]
    fn refuses_bad_names_and_qualifiers() {
        let long = "a".repeat(65);
        for (name, query) in [
            ("", None),
            ("a.b", None),
            ("a%20b", None),
            ("a%2Fb", None),
            ("%ff", None),
            ("a:", None),
            ("a:b:c", None),
            (long.as_str(), None),
            ("a", Some("Qualifier=")),
            ("a", Some("Qualifier=a%20b")),
            ("a:b", Some("Qualifier=c")),
        ] {
            let path = format!("/2015-03-31/functions/{name}/invocations");
            assert!(parse(segment(&path).unwrap(), query).is_err(), "{path} {query:?}");
        }
    }
}
