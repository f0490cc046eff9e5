//! Tables: columns under heads, as narrow as what stands in them.

use crate::cli::style::{BOLD, paint};

/// Spaces between columns.
const GAP: usize = 2;
/// A last column narrower than this is not broken into lines.
const NARROW: usize = 24;

/// The text of a table. Where a width is given, the last column is broken at its blanks to fit.
pub(super) fn table<const N: usize>(head: [&str; N], rows: &[[String; N]], width: Option<usize>) -> String {
    let of = |column: usize| rows.iter().map(move |row| row[column].as_str());
    let is_number = |column| of(column).all(|cell| cell.chars().all(|c| c.is_ascii_digit()));
    let columns: Vec<(usize, bool)> = (0..N)
        .map(|column| {
            let widest = of(column).chain([head[column]]).map(|cell| cell.chars().count()).max().unwrap_or_default();
            (widest, is_number(column))
        })
        .collect();
    let left: usize = columns.iter().take(N - 1).map(|(width, _)| width + GAP).sum();
    let room = width.and_then(|width| width.checked_sub(left)).filter(|room| *room >= NARROW);
    let mut text = line(&columns, head.map(|cell| paint(BOLD, cell)), head);
    for row in rows {
        let mut cells: [&str; N] = row.each_ref().map(String::as_str);
        let lines = room.map_or_else(|| vec![cells[N - 1].to_owned()], |room| wrap(cells[N - 1], room));
        for last in &lines {
            cells[N - 1] = last;
            text.push_str(&line(&columns, cells.map(str::to_owned), cells));
            cells = [""; N];
        }
    }
    text
}

/// One line: what is shown, padded by what of it is seen.
fn line<const N: usize>(columns: &[(usize, bool)], shown: [String; N], seen: [&str; N]) -> String {
    let mut text = String::new();
    let gap = " ".repeat(GAP);
    for (((width, is_number), shown), seen) in columns.iter().zip(shown).zip(seen) {
        let pad = " ".repeat(width.saturating_sub(seen.chars().count()));
        let (before, after) = if *is_number { (pad.as_str(), "") } else { ("", pad.as_str()) };
        text.extend([before, &shown, after, &gap]);
    }
    format!("{}\n", text.trim_end())
}

/// Words in lines that are no wider than said, where no word is.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_one_another_and_numbers_to_the_right() {
        let rows = [["a", "10", "x, y, z"], ["longer", "9", ""]].map(|row| row.map(str::to_owned));
        let text = table(["name", "many", "what"], &rows, None);
        let plain = anstream::adapter::strip_str(&text).to_string();
        assert_eq!(plain, "name    many  what\na         10  x, y, z\nlonger     9\n");
    }

    #[test]
    fn a_long_list_is_broken_to_the_width_of_the_terminal() {
        let rows = [["a".to_owned(), "one, two, three, four, five, six, seven".to_owned()]];
        let text = table(["n", "words"], &rows, Some(30));
        assert_eq!(
            anstream::adapter::strip_str(&text).to_string(),
            "n  words\na  one, two, three, four,\n   five, six, seven\n"
        );
    }
}
