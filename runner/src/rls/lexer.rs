//! SQL as a list of statements, plain enough to be recognised: no comments, single spaces, lower case outside quotes.

/// A statement. Bodies between dollar quotes stand apart, `$$` in their place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) text: String,
    pub(super) bodies: Vec<String>,
}

/// Cuts a text at its semicolons.
pub(super) fn statements(sql: &str) -> Vec<Statement> {
    let mut all = Vec::new();
    let mut current = Statement::default();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let taken = match first {
            '-' if rest.starts_with("--") => {
                current.space();
                rest.find('\n').unwrap_or(rest.len())
            }
            '/' if rest.starts_with("/*") => {
                current.space();
                rest.find("*/").map_or(rest.len(), |end| end + 2)
            }
            '\'' | '"' => {
                let end = quoted(rest, first);
                current.text.push_str(&rest[..end]);
                end
            }
            '$' => current.dollar(rest),
            ';' => {
                all.push(std::mem::take(&mut current));
                1
            }
            white if white.is_whitespace() => {
                current.space();
                white.len_utf8()
            }
            other => {
                current.text.extend(other.to_lowercase());
                other.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    all.push(current);
    for statement in &mut all {
        statement.text.truncate(statement.text.trim_end().len());
    }
    all.retain(|statement| !statement.text.is_empty());
    all
}

/// Where a quoted text ends. A doubled quote begins another one, which comes to the same.
fn quoted(text: &str, quote: char) -> usize {
    text[1..].find(quote).map_or(text.len(), |end| end + 2)
}

impl Statement {
    fn space(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with(' ') {
            self.text.push(' ');
        }
    }

    /// A body from `$tag$` to `$tag$`, or a lone dollar.
    fn dollar(&mut self, text: &str) -> usize {
        let tag = text[1..].find('$').map(|end| &text[..end + 2]);
        let is_tag =
            |tag: &&str| tag[1..tag.len() - 1].chars().all(|c| c.is_alphanumeric() || c == '_');
        let Some(tag) = tag.filter(is_tag) else {
            self.text.push('$');
            return 1;
        };
        let body = &text[tag.len()..];
        let length = body.find(tag).unwrap_or(body.len());
        self.bodies.push(body[..length].to_owned());
        self.text.push_str("$$");
        (2 * tag.len() + length).min(text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(sql: &str) -> Vec<String> {
        statements(sql).into_iter().map(|statement| statement.text).collect()
    }

    #[test]
    fn semicolons_in_quotes_bodies_and_comments_end_nothing() {
        let sql = "-- a; b\nCREATE  Table x ();\n/* c; */ select 'It;''s' as \"A;b\"; do $x$ begin; $$; end $x$;";
        assert_eq!(texts(sql), ["create table x ()", "select 'It;''s' as \"A;b\"", "do $$"]);
        assert_eq!(statements(sql)[2].bodies, [" begin; $$; end "]);
    }

    #[test]
    fn what_is_cut_off_is_read_to_its_end() {
        for sql in ["select 'a", "do $$ begin", "/* a", "-- a", "select $1"] {
            assert!(statements(sql).len() <= 1, "{sql}");
        }
    }
}
