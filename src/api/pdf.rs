//! Papers to print: plain A4 pages of text and tables, in the Helvetica that every reader has.
//!
//! Lengths are twentieths of a point, so that they are whole numbers.
use super::media;
use actix_web::HttpResponse;
use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str, TextStr};
use unicode_normalization::UnicodeNormalization;

const WIDTH: i16 = 11_900;
const TOP: i16 = 15_700;
const BOTTOM: i16 = 1_700;
const LEFT: i16 = 1_134;
const RIGHT: i16 = WIDTH - LEFT;
const SIZE: i16 = 180;
const ROW: i16 = 320;
const GAP: i16 = 120;

const PLAIN: Name = Name(b"Plain");
const BOLD: Name = Name(b"Bold");

/// Where a text stands in its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
}

/// A column of a table: what stands above it, its share of the width in thousandths, and how its
/// texts stand.
pub type Column<'t> = (&'t str, i16, Align);

/// A paper that is being written, from its top down.
pub struct Paper {
    title: String,
    pages: Vec<Content>,
    page: Content,
    /// Where the next line stands.
    y: i16,
}

impl Paper {
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            pages: Vec::new(),
            page: blank(),
            y: TOP,
        }
    }

    /// Says who writes, in a few lines.
    pub fn sender(&mut self, lines: &[&str]) {
        for (at, line) in lines.iter().enumerate() {
            let font = if at == 0 { BOLD } else { PLAIN };
            self.show(font, SIZE, LEFT, line);
            self.y -= 240;
        }
        self.y -= ROW;
    }

    /// The title, as a heading.
    pub fn heading(&mut self) {
        self.y -= ROW;
        let title = self.title.clone();
        self.show(BOLD, 340, LEFT, &title);
        self.y -= 520;
    }

    /// A fact: what it is, and how it stands.
    pub fn fact(&mut self, name: &str, value: &str) {
        self.ask_for(ROW);
        self.page.set_fill_gray(0.4);
        self.show(PLAIN, SIZE, LEFT, name);
        self.page.set_fill_gray(0.0);
        let value = fit(value, RIGHT - LEFT - 2_400);
        self.put(PLAIN, SIZE, LEFT + 2_400, &value);
        self.y -= 280;
    }

    /// A table; its head is repeated on every page. What is too long for its column is cut.
    pub fn table(&mut self, columns: &[Column], rows: &[Vec<String>]) {
        self.y -= ROW;
        self.ask_for(3 * ROW);
        self.head(columns);
        for row in rows {
            if self.y < BOTTOM + ROW {
                self.turn();
                self.head(columns);
            }
            self.row(columns, row.iter().map(String::as_str));
        }
        self.rule();
    }

    /// The sums under a table, together; the last in bold, in which figures are as wide.
    pub fn sums(&mut self, sums: &[(&str, &str)]) {
        let rows = i16::try_from(sums.len()).unwrap_or(i16::MAX);
        self.ask_for(ROW.saturating_mul(rows));
        for (at, (name, amount)) in sums.iter().enumerate() {
            let font = if at + 1 == sums.len() { BOLD } else { PLAIN };
            self.show(font, SIZE, LEFT + (RIGHT - LEFT) / 2, name);
            let text = encoded(amount);
            self.put(font, SIZE, RIGHT - width(&text, SIZE), &text);
            self.y -= ROW;
        }
        self.y -= ROW;
    }

    /// A sentence.
    pub fn note(&mut self, text: &str) {
        self.ask_for(ROW);
        self.page.set_fill_gray(0.4);
        let text = fit(text, RIGHT - LEFT);
        self.put(PLAIN, 160, LEFT, &text);
        self.page.set_fill_gray(0.0);
        self.y -= ROW;
    }

    /// The finished file, with the title and the page's number at the foot of each page.
    fn finish(mut self) -> Vec<u8> {
        self.pages.push(std::mem::replace(&mut self.page, blank()));
        let count = self.pages.len();
        let mut pdf = Pdf::new();
        let mut ids = 1..;
        let mut id = || Ref::new(ids.next().unwrap_or(i32::MAX));
        let (catalog, tree, plain, bold, info) = (id(), id(), id(), id(), id());
        pdf.catalog(catalog).pages(tree);
        for (font, base) in [(plain, "Helvetica"), (bold, "Helvetica-Bold")] {
            pdf.type1_font(font)
                .base_font(Name(base.as_bytes()))
                .encoding_predefined(Name(b"WinAnsiEncoding"));
        }
        pdf.document_info(info).title(TextStr(&self.title));
        let mut kids = Vec::new();
        for (at, mut content) in self.pages.into_iter().enumerate() {
            foot(&mut content, &self.title, &format!("{} / {count}", at + 1));
            let (page, stream) = (id(), id());
            let mut made = pdf.page(page);
            made.media_box(Rect::new(0.0, 0.0, 595.0, 842.0));
            made.parent(tree).contents(stream);
            made.resources().fonts().pair(PLAIN, plain).pair(BOLD, bold);
            made.finish();
            pdf.stream(stream, &content.finish());
            kids.push(page);
        }
        let pages = i32::try_from(kids.len()).unwrap_or(i32::MAX);
        pdf.pages(tree).kids(kids).count(pages);
        pdf.finish()
    }

    fn head(&mut self, columns: &[Column]) {
        self.page.set_fill_gray(0.4);
        self.row(columns, columns.iter().map(|(heading, ..)| *heading));
        self.page.set_fill_gray(0.0);
        self.y += ROW / 4;
        self.rule();
    }

    fn row<'r>(&mut self, columns: &[Column], texts: impl Iterator<Item = &'r str>) {
        let mut x = LEFT;
        for ((_, share, align), text) in columns.iter().zip(texts) {
            let room = scaled(RIGHT - LEFT, *share);
            let text = fit(text, room - GAP);
            let indent = match align {
                Align::Left => 0,
                Align::Right => room - width(&text, SIZE),
            };
            self.put(PLAIN, SIZE, x + indent, &text);
            x += room;
        }
        self.y -= ROW;
    }

    fn rule(&mut self) {
        let y = self.y + ROW / 2;
        self.page
            .set_stroke_gray(0.7)
            .set_line_width(10.0)
            .move_to(LEFT.into(), y.into())
            .line_to(RIGHT.into(), y.into())
            .stroke();
        self.y -= ROW / 4;
    }

    /// Turns the page unless so much is left of it.
    fn ask_for(&mut self, height: i16) {
        if self.y < BOTTOM + height {
            self.turn();
        }
    }

    fn turn(&mut self) {
        self.pages.push(std::mem::replace(&mut self.page, blank()));
        self.y = TOP;
    }

    fn show(&mut self, font: Name, size: i16, x: i16, text: &str) {
        self.put(font, size, x, &encoded(text));
    }

    fn put(&mut self, font: Name, size: i16, x: i16, text: &[u8]) {
        write(&mut self.page, font, size, (x, self.y), text);
    }
}

/// The file as an answer.
pub fn answer(name: &str, paper: Paper) -> HttpResponse {
    media::download("application/pdf", &format!("{name}.pdf")).body(paper.finish())
}

/// A page whose unit is the twentieth of a point.
fn blank() -> Content {
    let mut page = Content::new();
    page.transform([0.05, 0.0, 0.0, 0.05, 0.0, 0.0]);
    page
}

fn write(page: &mut Content, font: Name, size: i16, (x, y): (i16, i16), text: &[u8]) {
    page.begin_text()
        .set_font(font, size.into())
        .next_line(x.into(), y.into())
        .show(Str(text))
        .end_text();
}

fn foot(page: &mut Content, title: &str, number: &str) {
    let (title, number) = (encoded(title), encoded(number));
    page.set_fill_gray(0.4);
    write(page, PLAIN, 150, (LEFT, 900), &title);
    let x = RIGHT - width(&number, 150);
    write(page, PLAIN, 150, (x, 900), &number);
}

fn scaled(whole: i16, thousandths: i16) -> i16 {
    narrow(i32::from(whole) * i32::from(thousandths) / 1000)
}

/// No page is wider than an `i16`.
fn narrow(length: i32) -> i16 {
    i16::try_from(length).unwrap_or(i16::MAX)
}

/// The text, cut where it is wider than its room.
fn fit(text: &str, room: i16) -> Vec<u8> {
    const ELLIPSIS: u8 = 0x85;
    let mut text = encoded(text);
    if width(&text, SIZE) <= room {
        return text;
    }
    while !text.is_empty() && width(&text, SIZE) + width(&[ELLIPSIS], SIZE) > room {
        text.pop();
    }
    text.push(ELLIPSIS);
    text
}

/// How wide a text is. Helvetica's figures, full stop, hyphen and blank are as wide in bold.
fn width(text: &[u8], size: i16) -> i16 {
    let thousandths: i32 = text
        .iter()
        .map(|byte| i32::from(WIDTHS[usize::from(byte.saturating_sub(b' '))]))
        .sum();
    narrow(thousandths.saturating_mul(size.into()) / 1000)
}

/// The text in the encoding of the font (Windows-1252): a letter that it lacks loses its accents,
/// and what is still unknown becomes a question mark.
fn encoded(text: &str) -> Vec<u8> {
    text.nfc()
        .map(|letter| {
            let plain = || std::iter::once(letter).nfd().next().and_then(code);
            code(letter).or_else(plain).unwrap_or(b'?')
        })
        .collect()
}

fn code(letter: char) -> Option<u8> {
    const FROM_80: &str = "€\u{81}‚ƒ„…†‡ˆ‰Š‹Œ\u{8d}Ž\u{8f}\u{90}‘’“”•–—˜™š›œ\u{9d}žŸ";
    match u8::try_from(u32::from(letter)) {
        Ok(byte @ (b' '..=b'~' | 0xa0..)) => Some(byte),
        Ok(_) => None,
        Err(_) => {
            let place = FROM_80.chars().position(|known| known == letter)?;
            u8::try_from(0x80 + place).ok()
        }
    }
}

/// How wide Helvetica's letters are, from the blank on, in thousandths of its size (Adobe's metrics).
#[rustfmt::skip]
const WIDTHS: [u16; 224] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584, 350,
    556, 350, 222, 556, 333, 1000, 556, 556, 333, 1000, 667, 333, 1000, 350, 611, 350,
    350, 222, 222, 333, 333, 350, 556, 1000, 333, 1000, 500, 333, 944, 350, 500, 667,
    278, 333, 556, 556, 556, 556, 260, 556, 333, 737, 370, 556, 584, 333, 737, 333,
    400, 584, 333, 333, 333, 556, 537, 278, 333, 333, 365, 556, 834, 834, 834, 611,
    667, 667, 667, 667, 667, 667, 1000, 722, 667, 667, 667, 667, 278, 278, 278, 278,
    722, 722, 778, 778, 778, 778, 778, 584, 778, 722, 722, 722, 722, 667, 667, 611,
    556, 556, 556, 556, 556, 556, 889, 500, 556, 556, 556, 556, 278, 278, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 584, 611, 556, 556, 556, 556, 500, 556, 500,
];
