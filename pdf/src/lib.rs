//! Sheets of paper for customers: headings, text, and tables of amounts, on as many pages as they need.
//!
//! The same sheet gives the same bytes: no date of its own gets in.

use std::sync::LazyLock;

use krilla::Document;
use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point};
use krilla::metadata::Metadata;
use krilla::page::PageSettings;
use krilla::paint::Fill;
use krilla::surface::Surface;
use krilla::text::{Font, TextDirection};

/// Letter, in points: the paper of North America.
const WIDTH: f32 = 612.0;
const HEIGHT: f32 = 792.0;
const MARGIN: f32 = 54.0;

/// Where the columns of a table end; the first begins at the margin, and the others are aligned at their right.
const COLUMNS: [f32; 4] = [340.0, 420.0, 480.0, WIDTH - MARGIN];

/// Characters of running text in a line, and of the first column of a table.
const LINE: usize = 92;
const FIRST_COLUMN: usize = 44;

const BODY: f32 = 9.5;
const TITLE: f32 = 20.0;
const HEADING: f32 = 12.0;

/// `DejaVu` Sans: Latin, Cyrillic and Greek letters of one hand, free to be handed on.
static FONTS: LazyLock<Option<Fonts>> = LazyLock::new(|| {
    let plain = include_bytes!("../fonts/DejaVuSans.ttf").to_vec();
    let bold = include_bytes!("../fonts/DejaVuSans-Bold.ttf").to_vec();
    Some(Fonts { plain: Font::new(plain.into(), 0)?, bold: Font::new(bold.into(), 0)? })
});

struct Fonts {
    plain: Font,
    bold: Font,
}

/// Something on a sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// What it is.
    Title(String),
    /// What follows.
    Heading(String),
    /// In as many lines as needed.
    Text(String),
    /// A name and what it says.
    Pair(String, String),
    /// A line of a table: what, and up to three amounts.
    Row([String; 4]),
    /// As a row, in bold.
    Sum([String; 4]),
    /// A line across the paper.
    Rule,
    /// Some room.
    Gap,
}

/// Why there is no sheet.
#[derive(Debug, thiserror::Error)]
pub enum PdfError {
    /// The fonts of the program are damaged.
    #[error("a font cannot be read")]
    Font,
    /// The library cannot write it.
    #[error("the sheet cannot be written: {0}")]
    Write(String),
}

/// The sheet as PDF.
pub fn render(title: &str, blocks: &[Block]) -> Result<Vec<u8>, PdfError> {
    let fonts = FONTS.as_ref().ok_or(PdfError::Font)?;
    let settings = PageSettings::from_wh(WIDTH, HEIGHT);
    let settings = settings.ok_or_else(|| PdfError::Write("no such paper".to_owned()))?;
    let mut document = Document::new();
    document.set_metadata(Metadata::new().title(title.to_owned()));
    let pages = pages(blocks);
    let many = pages.len();
    for (number, lines) in pages.iter().enumerate() {
        let mut page = document.start_page_with(settings.clone());
        {
            let mut pen = Pen { surface: page.surface(), fonts };
            for (y, line) in lines {
                pen.draw(*y, line);
            }
            if many > 1 {
                let text = format!("{} / {many}", number + 1);
                pen.number(WIDTH - MARGIN, HEIGHT - MARGIN / 2.0, &text, false);
            }
            pen.surface.finish();
        }
        page.finish();
    }
    document.finish().map_err(|error| PdfError::Write(format!("{error:?}")))
}

/// A line at its height.
#[derive(Clone, Debug, PartialEq)]
enum Line {
    Text { text: String, size: f32, bold: bool },
    Pair(String, String),
    Row([String; 4], bool),
    Rule,
}

/// Breaks the blocks into lines, and the lines into pages.
fn pages(blocks: &[Block]) -> Vec<Vec<(f32, Line)>> {
    let mut pages = vec![Vec::new()];
    let mut y = MARGIN;
    let mut put = |line: Option<Line>, height: f32| {
        if y + height > HEIGHT - MARGIN {
            pages.push(Vec::new());
            y = MARGIN;
        }
        y += height;
        if let (Some(line), Some(page)) = (line, pages.last_mut()) {
            page.push((y, line));
        }
    };
    for block in blocks {
        match block {
            Block::Title(text) => {
                put(Some(Line::Text { text: text.clone(), size: TITLE, bold: true }), 28.0);
            }
            Block::Heading(text) => {
                put(Some(Line::Text { text: text.clone(), size: HEADING, bold: true }), 22.0);
            }
            Block::Text(text) => {
                for text in text.lines().flat_map(|line| wrapped(line, LINE)) {
                    put(Some(Line::Text { text, size: BODY, bold: false }), 14.0);
                }
            }
            Block::Pair(name, said) => put(Some(Line::Pair(name.clone(), said.clone())), 15.0),
            Block::Row(cells) | Block::Sum(cells) => {
                let bold = matches!(block, Block::Sum(_));
                let mut first = wrapped(&cells[0], FIRST_COLUMN).into_iter();
                let mut cells = cells.clone();
                cells[0] = first.next().unwrap_or_default();
                put(Some(Line::Row(cells, bold)), 16.0);
                for rest in first {
                    let cells = [rest, String::new(), String::new(), String::new()];
                    put(Some(Line::Row(cells, bold)), 12.0);
                }
            }
            Block::Rule => put(Some(Line::Rule), 8.0),
            Block::Gap => put(None, 14.0),
        }
    }
    pages
}

/// Lines of at most `most` characters, broken between words where there are any.
fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let mut word: Vec<char> = word.chars().collect();
        while let Some(last) = lines.last_mut() {
            let used = last.chars().count();
            let room = most - used.min(most);
            if used > 0 && word.len() < room {
                last.push(' ');
                last.extend(&word);
                break;
            }
            if used == 0 && word.len() <= most {
                last.extend(&word);
                break;
            }
            if used == 0 {
                last.extend(word.drain(..most));
            }
            lines.push(String::new());
        }
    }
    lines
}

struct Pen<'a> {
    surface: Surface<'a>,
    fonts: &'a Fonts,
}

impl Pen<'_> {
    fn draw(&mut self, y: f32, line: &Line) {
        match line {
            Line::Text { text, size, bold } => self.text(MARGIN, y, text, (*size, *bold)),
            Line::Pair(name, said) => {
                self.text(MARGIN, y, name, (BODY, true));
                self.text(MARGIN + 120.0, y, said, (BODY, false));
            }
            Line::Row(cells, bold) => {
                self.text(MARGIN, y, &cells[0], (BODY, *bold));
                for (cell, end) in cells[1..].iter().zip(&COLUMNS[1..]) {
                    self.number(*end, y, cell, *bold);
                }
            }
            Line::Rule => self.rule(y),
        }
    }

    fn text(&mut self, x: f32, y: f32, text: &str, (size, bold): (f32, bool)) {
        let font = if bold { &self.fonts.bold } else { &self.fonts.plain };
        let at = Point::from_xy(x, y);
        self.surface.draw_text(at, font.clone(), size, text, false, TextDirection::Auto);
    }

    /// So that it ends at `end`.
    fn number(&mut self, end: f32, y: f32, text: &str, bold: bool) {
        let width: f32 = text.chars().map(|c| advance(c, bold)).sum::<f32>() * BODY;
        self.text(end - width, y, text, (BODY, bold));
    }

    fn rule(&mut self, y: f32) {
        let mut path = PathBuilder::new();
        path.move_to(MARGIN, y - 4.0);
        path.line_to(WIDTH - MARGIN, y - 4.0);
        path.line_to(WIDTH - MARGIN, y - 3.4);
        path.line_to(MARGIN, y - 3.4);
        path.close();
        if let Some(path) = path.finish() {
            let grey = Fill { paint: rgb::Color::new(120, 120, 120).into(), ..Fill::default() };
            self.surface.set_fill(Some(grey));
            self.surface.draw_path(&path);
            self.surface.set_fill(None);
        }
    }
}

/// How wide a character of an amount is, in parts of its height. Source: the metrics of the fonts.
const fn advance(c: char, bold: bool) -> f32 {
    match (c, bold) {
        ('0'..='9', false) => 0.636,
        ('0'..='9', true) => 0.696,
        ('.' | ',' | ' ', false) => 0.317_9,
        ('.' | ',', true) => 0.38,
        (' ', true) => 0.348,
        ('-', false) => 0.361,
        ('-', true) => 0.415,
        (_, false) => 0.65,
        (_, true) => 0.72,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_sheet_is_the_same_file() {
        let blocks = [
            Block::Title("Invoice № 1".to_owned()),
            Block::Text("Счёт за уборку — Zoë".to_owned()),
            Block::Rule,
            Block::Row(["Deep clean", "1", "5 %", "180.00"].map(str::to_owned)),
            Block::Sum(["Total", "", "", "189.00"].map(str::to_owned)),
        ];
        let one = render("Invoice", &blocks).unwrap();
        assert!(one.starts_with(b"%PDF-"));
        assert_eq!(one, render("Invoice", &blocks).unwrap());
    }

    #[test]
    fn long_tables_go_on_over_the_page() {
        let row = Block::Row(["x", "1", "2", "3"].map(str::to_owned));
        let pages = pages(&vec![row; 100]);
        assert_eq!(pages.len(), 3);
        assert_eq!(pages.iter().map(Vec::len).sum::<usize>(), 100);
        assert!(pages.iter().flatten().all(|(y, _)| *y <= HEIGHT - MARGIN));
    }

    #[test]
    fn lines_break_between_words_and_words_only_when_they_must() {
        assert_eq!(wrapped("a bc def", 4), ["a bc", "def"]);
        assert_eq!(wrapped("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrapped("", 3), [""]);
    }
}
