//! Just enough of Rust's grammar for the rules: code without comments, literals and test modules, as tokens, and the
//! paths written in it with their `{}` groups spread out. Keeps no state.

/// An identifier, `::` or a single other character.
pub(crate) type Token = String;

/// The tokens of the code that ships: no comments, no literals, nothing under `#[cfg(test)]`.
pub(crate) fn shipped_tokens(text: &str) -> Vec<Token> {
    without_tests(&tokens(text))
}

/// The tokens of all the code.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let taken = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if let Some(literal) = literal(rest) {
            literal
        } else if is_word(first) {
            let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            tokens.push(rest[..word].to_owned());
            word
        } else {
            let taken = if rest.starts_with("::") { 2 } else { first.len_utf8() };
            if !first.is_whitespace() {
                tokens.push(rest[..taken].to_owned());
            }
            taken
        };
        rest = &rest[taken..];
    }
    tokens
}

/// Every path that the tokens spell (`a::b`, `use a::{b, c::d}`), one vector of segments each. A lone identifier is
/// a path of one segment only inside a `use`.
pub(crate) fn paths(tokens: &[Token]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let starts_path = is_identifier(&tokens[at]) && tokens.get(at + 1).is_some_and(|next| next == "::");
        let in_use = at > 0 && tokens[at - 1] == "use" && is_identifier(&tokens[at]);
        if starts_path || in_use {
            at = path(tokens, at, &[], &mut found);
        } else {
            at += 1;
        }
    }
    found
}

/// Reads the path at `at` and returns the place after it; each leaf of its groups goes to `found`.
fn path(tokens: &[Token], mut at: usize, prefix: &[String], found: &mut Vec<Vec<String>>) -> usize {
    let mut segments = prefix.to_vec();
    loop {
        match tokens.get(at).map(String::as_str) {
            Some("{") => {
                at += 1;
                while at < tokens.len() && tokens[at] != "}" {
                    at = if tokens[at] == "," { at + 1 } else { path(tokens, at, &segments, found).max(at + 1) };
                }
                return at + 1;
            }
            Some(segment) if is_identifier(segment) => segments.push(segment.to_owned()),
            _ => break,
        }
        at += 1;
        if tokens.get(at).is_none_or(|next| next != "::") {
            break;
        }
        at += 1;
    }
    if tokens.get(at).is_some_and(|next| next == "as") {
        at += 2;
    }
    found.push(segments);
    at
}

/// The names that `mod name;` declares, each with the inline modules around it and its `#[path = ".."]`, which is
/// read from the raw text because a literal is no token.
pub(crate) fn declared_modules(text: &str) -> Vec<(Vec<String>, String)> {
    let tokens = tokens(text);
    let mut declared = Vec::new();
    let mut inline: Vec<(String, usize)> = Vec::new();
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate() {
        match token.as_str() {
            "{" => {
                depth += 1;
                if at >= 2 && tokens[at - 2] == "mod" {
                    inline.push((tokens[at - 1].clone(), depth));
                }
            }
            "}" => {
                inline.retain(|(_, opened)| *opened != depth);
                depth = depth.saturating_sub(1);
            }
            ";" if at >= 2 && tokens[at - 2] == "mod" => {
                declared.push((inline.iter().map(|(name, _)| name.clone()).collect(), tokens[at - 1].clone()));
            }
            _ => {}
        }
    }
    declared
}

/// Cuts each item that `#[cfg(test)]` marks: up to its `;` or the end of its braces.
fn without_tests(tokens: &[Token]) -> Vec<Token> {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at..].iter().zip(MARK).filter(|(token, mark)| token == mark).count() == MARK.len() {
            at = item_end(tokens, at + MARK.len());
        } else {
            kept.push(tokens[at].clone());
            at += 1;
        }
    }
    kept
}

fn item_end(tokens: &[Token], from: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(from) {
        match token.as_str() {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => {
                depth = depth.saturating_sub(1);
                if depth == 0 && token == "}" {
                    return at + 1;
                }
            }
            ";" if depth == 0 => return at + 1,
            _ => {}
        }
    }
    tokens.len()
}

fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The length of the string or character literal that `text` starts with.
fn literal(text: &str) -> Option<usize> {
    let prefix = ["br", "cr", "r", "b", "c", ""].into_iter().find(|prefix| {
        text.strip_prefix(prefix).is_some_and(|rest| match rest.chars().next() {
            Some('"') => true,
            Some('#') => prefix.ends_with('r') && rest.trim_start_matches('#').starts_with('"'),
            Some('\'') => *prefix == "b" || prefix.is_empty(),
            _ => false,
        })
    })?;
    let rest = &text[prefix.len()..];
    let hashes = rest.len() - rest.trim_start_matches('#').len();
    if prefix.ends_with('r') {
        let close = format!("\"{}", "#".repeat(hashes));
        let body = &rest[hashes + 1..];
        return Some(prefix.len() + hashes + 1 + body.find(&close).map_or(body.len(), |end| end + close.len()));
    }
    let quote = rest.chars().next()?;
    if quote == '\'' && !is_char_literal(rest) {
        return None; // a lifetime or a label
    }
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return Some(prefix.len() + at + 1),
            _ => {}
        }
    }
    Some(text.len())
}

fn is_char_literal(text: &str) -> bool {
    let mut chars = text.chars().skip(1);
    chars.next() == Some('\\') || chars.next() == Some('\'')
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

fn is_identifier(token: &str) -> bool {
    token.starts_with(|c: char| c == '_' || c.is_alphabetic())
}

#[test]
fn comments_literals_and_tests_are_no_tokens() {
    let text = r##"
        // axum::a
        /* axum::b /* nested */ axum::c */
        fn f<'a>(x: &'a str) -> char { let _ = ("axum::d \" e", r#"axum::f"#, b"axum::g"); '"' }
        #[cfg(test)]
        mod tests { fn g() { axum::h(); } }
        fn kept() {}
    "##;
    let tokens = shipped_tokens(text).join(" ");
    assert!(!tokens.contains("axum"), "{tokens}");
    assert!(tokens.contains("fn kept"), "{tokens}");
}

#[test]
fn groups_are_spread_out() {
    let found = paths(&tokens("use crate::{rtp::{Header, seq as s}, ids}; fn f() { super::io::go(); }"));
    let written: Vec<String> = found.iter().map(|path| path.join("::")).collect();
    assert_eq!(written, ["crate::rtp::Header", "crate::rtp::seq", "crate::ids", "super::io::go"]);
}

#[test]
fn declared_modules_know_their_inline_parents() {
    let found = declared_modules("mod a; mod b { mod c; } pub mod d;");
    let written: Vec<String> =
        found.into_iter().map(|(inline, name)| [inline, vec![name]].concat().join("::")).collect();
    assert_eq!(written, ["a", "b::c", "d"]);
}
