//! Tables for spreadsheets: cells that stay cells.

use std::borrow::Cow;

/// Lines of `N` cells each, as CSV.
pub(crate) fn lines<'a, const N: usize>(
    rows: impl Iterator<Item = [Cow<'a, str>; N]>,
) -> Result<Vec<u8>, csv::Error> {
    let mut writer = writer();
    for row in rows {
        writer.write_record(row.iter().map(|cell| safe(cell).into_owned()))?;
    }
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

/// Into which lines are written.
pub(crate) fn writer() -> csv::Writer<Vec<u8>> {
    csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new())
}

/// A text that no spreadsheet takes for a formula; an amount below nothing is none.
pub(crate) fn safe(cell: &str) -> Cow<'_, str> {
    let is_amount = cell
        .strip_prefix('-')
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|digit| digit.is_ascii_digit()));
    if !is_amount && cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        Cow::Owned(format!("'{cell}"))
    } else {
        Cow::Borrowed(cell)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_and_amounts_stay_amounts() {
        for text in ["=1+1", "-1+1", "-x", "-", "+1", "@a", "\ta", "-2-3"] {
            assert_eq!(safe(text), format!("'{text}"));
        }
        for text in ["-5", "-1050", "5", "a=b", ""] {
            assert_eq!(safe(text), text);
        }
    }
}
