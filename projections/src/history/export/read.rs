//! Reads an export that may come from anywhere: bounded in memory, and every complaint names the line.

use std::io::{self, BufRead, Read};

use domain::id::OrgId;
use domain::recorded::Recorded;

use super::{End, FORMAT, Header, Line, VERSION};

/// Bytes of the longest line that is read: many times the largest event.
pub const LINE: u64 = 16 << 20;

/// Why an export cannot be read any further.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The first line is not that of an export.
    #[error("this is not an export of a log: the first line is no header")]
    NoHeader,
    /// Another format or a version that this build does not know.
    #[error("format {format:?} version {version} is not known here")]
    OtherFormat {
        /// What the header says.
        format: String,
        /// What the header says.
        version: u32,
    },
    /// A line is longer than any event.
    #[error("line {line} is longer than {LINE} bytes")]
    TooLong {
        /// Counted from 1.
        line: u64,
    },
    /// There are lines behind the last one.
    #[error("line {line} comes after the end of the export")]
    AfterEnd {
        /// Counted from 1.
        line: u64,
    },
    /// The file cannot be read.
    #[error("line {line} cannot be read")]
    Io {
        /// Counted from 1.
        line: u64,
        /// Why.
        source: io::Error,
    },
}

/// What a line holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// An event.
    Event(Box<Recorded>),
    /// Nothing that can be understood.
    Damaged {
        /// Counted from 1.
        line: u64,
    },
    /// The last line.
    End(End),
    /// The file ends without a last line.
    Cut,
}

/// Reads one line after the other.
#[derive(Debug)]
pub struct Reader<R> {
    input: R,
    line: u64,
    text: Vec<u8>,
    org: OrgId,
}

impl<R: BufRead> Reader<R> {
    /// Reads the header.
    pub fn open(input: R) -> Result<(Header, Self), ReadError> {
        let org = uuid::Uuid::nil().into();
        let mut reader = Self { input, line: 0, text: Vec::new(), org };
        if !reader.fill()? {
            return Err(ReadError::NoHeader);
        }
        let header: Header =
            serde_json::from_slice(&reader.text).map_err(|_| ReadError::NoHeader)?;
        if header.format != FORMAT || header.version != VERSION {
            let Header { mut format, version, .. } = header;
            format.truncate(format.floor_char_boundary(40));
            return Err(ReadError::OtherFormat { format, version });
        }
        reader.org = header.org;
        Ok((header, reader))
    }

    /// The next line.
    pub fn read(&mut self) -> Result<Item, ReadError> {
        if !self.fill()? {
            return Ok(Item::Cut);
        }
        // Nearly every line is an event.
        if let Ok(line) = serde_json::from_slice::<Line>(&self.text) {
            let event = line.into_recorded(self.org);
            return Ok(event
                .map_or(Item::Damaged { line: self.line }, |event| Item::Event(Box::new(event))));
        }
        let Ok(end) = serde_json::from_slice::<End>(&self.text) else {
            return Ok(Item::Damaged { line: self.line });
        };
        while self.fill()? {
            if !self.text.trim_ascii().is_empty() {
                return Err(ReadError::AfterEnd { line: self.line });
            }
        }
        Ok(Item::End(end))
    }

    /// Reads a line into `text`; `false` at the end of the file.
    fn fill(&mut self) -> Result<bool, ReadError> {
        self.text.clear();
        self.line += 1;
        let line = self.line;
        let mut bounded = self.input.by_ref().take(LINE + 1);
        let read = bounded
            .read_until(b'\n', &mut self.text)
            .map_err(|source| ReadError::Io { line, source })?;
        if self.text.last() == Some(&b'\n') {
            self.text.pop();
        } else if read as u64 > LINE {
            return Err(ReadError::TooLong { line });
        }
        Ok(read > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> String {
        serde_json::to_string(&Header::new(uuid::Uuid::nil().into(), chrono::DateTime::UNIX_EPOCH))
            .unwrap()
    }

    #[test]
    fn what_is_no_export_is_refused() {
        for text in ["", "\n", "{}", "[1,2]", "\u{0}\u{1}", "{\"format\":\"x\"}"] {
            assert!(matches!(Reader::open(text.as_bytes()), Err(ReadError::NoHeader)), "{text:?}");
        }
    }

    #[test]
    fn another_version_is_refused_by_name() {
        let text = header().replace("\"version\":1", "\"version\":2");
        let error = Reader::open(text.as_bytes()).unwrap_err();
        assert!(matches!(error, ReadError::OtherFormat { version: 2, .. }));
    }

    #[test]
    fn a_line_longer_than_any_event_is_refused_without_reading_it_all() {
        let endless = io::Cursor::new(format!("{}\n", header())).chain(io::repeat(b'x'));
        let (_, mut reader) = Reader::open(io::BufReader::new(endless)).unwrap();
        assert!(matches!(reader.read(), Err(ReadError::TooLong { line: 2 })));
    }

    #[test]
    fn a_damaged_line_is_named_and_the_next_one_read() {
        let end = r#"{"head":{"position":0,"hash":"00"}}"#.replace("00", &"00".repeat(32));
        let text = format!("{}\n{{\"position\":\n\u{0}\n{end}\n\n", header());
        let (_, mut reader) = Reader::open(text.as_bytes()).unwrap();
        assert_eq!(reader.read().unwrap(), Item::Damaged { line: 2 });
        assert_eq!(reader.read().unwrap(), Item::Damaged { line: 3 });
        assert_eq!(reader.read().unwrap(), Item::End(End::Head { position: 0, hash: [0; 32] }));
    }

    #[test]
    fn what_no_export_says_is_damage() {
        let end =
            format!(r#"{{"head":{{"position":0,"hash":"{}","note":"fine"}}}}"#, "00".repeat(32));
        let event = r#"{"position":1,"recorded_at":"2026-11-23T10:17:26.176145Z","aggregate_type":"lead","aggregate_id":"l",
            "sequence":1,"event_type":"lost","event_version":"1","payload":"{}","metadata":"{}","hash":""#;
        let event = format!("{}{}\",\"note\":\"fine\"}}", event.replace('\n', ""), "00".repeat(32));
        let text = format!("{}\n{event}\n{end}\n", header());
        let (_, mut reader) = Reader::open(text.as_bytes()).unwrap();
        assert_eq!(reader.read().unwrap(), Item::Damaged { line: 2 });
        assert_eq!(reader.read().unwrap(), Item::Damaged { line: 3 });
    }

    #[test]
    fn a_file_without_its_last_line_is_cut() {
        let text = header();
        let (_, mut reader) = Reader::open(text.as_bytes()).unwrap();
        assert_eq!(reader.read().unwrap(), Item::Cut);
    }

    #[test]
    fn lines_behind_the_last_one_are_refused() {
        let end = format!(r#"{{"head":{{"position":0,"hash":"{}"}}}}"#, "00".repeat(32));
        let text = format!("{}\n{end}\n{end}\n", header());
        let (_, mut reader) = Reader::open(text.as_bytes()).unwrap();
        assert!(matches!(reader.read(), Err(ReadError::AfterEnd { line: 3 })));
    }

    proptest::proptest! {
        #[test]
        fn no_input_makes_it_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400)) {
            let mut text = header().into_bytes();
            text.push(b'\n');
            text.extend(bytes);
            let (_, mut reader) = Reader::open(text.as_slice()).unwrap();
            while matches!(reader.read(), Ok(Item::Event(_) | Item::Damaged { .. })) {}
        }
    }
}
