//! The small languages inside of a Compose file: command lines, durations, sizes, the names of secrets.

/// The words of a command line as a shell has them: quotes hold words together, a backslash takes the next character.
pub fn split(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => {
                word.get_or_insert_default().extend(letters.next().filter(|next| *next != '\n'));
            }
            (None, _) if letter.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

/// A duration such as `1m30s` in whole seconds, at least one.
pub fn seconds(text: &str) -> Option<i128> {
    let mut rest = text.trim();
    let mut milliseconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number: f64 = rest[..digits].parse().ok()?;
        let unit = rest[digits..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |at| digits + at);
        milliseconds += number
            * match &rest[digits..unit] {
                "h" => 3_600_000.0,
                "m" => 60_000.0,
                "s" => 1000.0,
                "ms" => 1.0,
                "us" | "ns" => 0.0,
                _ => return None,
            };
        rest = &rest[unit..];
    }
    whole((milliseconds / 1000.0).ceil().max(1.0))
}

/// A size such as `512m` in Kubernetes' words; Docker's units are powers of 1024.
pub fn memory(text: &str) -> Option<String> {
    let text = text.trim().to_ascii_lowercase();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number: f64 = text[..digits].parse().ok()?;
    let power = match text[digits..].trim().trim_end_matches('b').trim_end_matches('i') {
        "" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        _ => return None,
    };
    let units = ["", "Ki", "Mi", "Gi", "Ti"];
    if number.fract() == 0.0 || power == 0 {
        return Some(format!("{}{}", whole(number)?, units[power]));
    }
    Some(format!("{}{}", whole((number * 1024.0).ceil())?, units[power - 1]))
}

/// A number of CPUs in Kubernetes' words.
pub fn cpus(text: &str) -> Option<String> {
    let number: f64 = text.trim().parse().ok()?;
    if number.fract() == 0.0 {
        Some(whole(number)?.to_string())
    } else {
        Some(format!("{}m", whole((number * 1000.0).ceil())?))
    }
}

#[allow(clippy::cast_possible_truncation, reason = "it is within the range of its type")]
fn whole(number: f64) -> Option<i128> {
    (number.is_finite() && (0.0..1e18).contains(&number)).then_some(number as i128)
}

/// Whether a variable of this name holds a secret, unless its value is none.
pub fn is_secret(name: &str, value: &str) -> bool {
    let name = name.to_ascii_uppercase().replace(['-', '.'], "_");
    let harmless = ["", "true", "false", "yes", "no", "on", "off", "0", "1"];
    let elsewhere =
        ["_FILE", "_PATH", "_DIR", "_URL", "_URI", "_EXPIRY", "_EXPIRATION", "_TTL", "_LIFETIME", "_LENGTH", "_NAME"];
    if elsewhere.iter().any(|end| name.ends_with(end))
        || harmless.iter().skip(1).any(|word| value.eq_ignore_ascii_case(word))
    {
        return false;
    }
    let words = ["PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "APIKEY", "CREDENTIAL"];
    let parts: Vec<&str> = name.split('_').collect();
    let is_key = || {
        matches!(
            parts.as_slice(),
            [
                ..,
                "API"
                    | "ACCESS"
                    | "ENCRYPTION"
                    | "MASTER"
                    | "PRIVATE"
                    | "APP"
                    | "SIGNING"
                    | "JWT"
                    | "LICENSE"
                    | "AUTH"
                    | "DEPLOY",
                "KEY"
            ]
        )
    };
    words.iter().any(|word| name.contains(word))
        || parts.iter().any(|part| ["PASS", "PWD", "TOKEN", "SALT", "PW"].contains(part))
        || is_key()
        || parts.last() == Some(&"KEY") && value.len() >= 16 && !value.contains(['/', ' ', ':', '$'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_is_split_as_a_shell_does() {
        assert_eq!(split("sh -c 'a b' \"c \\\"d\\\"\" e\\ f ''"), ["sh", "-c", "a b", "c \"d\"", "e f", ""]);
        assert_eq!(split("  a\n b "), ["a", "b"]);
    }

    #[test]
    fn durations_and_sizes_are_told_in_kubernetes_words() {
        assert_eq!(
            ["30s", "1m30s", "500ms", "1.5h", "x"].map(seconds),
            [Some(30), Some(90), Some(1), Some(5400), None]
        );
        let sizes = ["512m", "1g", "1.5GB", "64", "2Gi", "10q"].map(memory);
        let words = ["512Mi", "1Gi", "1536Mi", "64", "2Gi"].map(|word| Some(word.to_owned()));
        assert_eq!(sizes[..5], words);
        assert_eq!(sizes[5], None);
        assert_eq!(["2", "0.5", "1.25"].map(|text| cpus(text).unwrap()), ["2", "500m", "1250m"]);
    }

    #[test]
    fn secrets_are_known_by_their_names() {
        let names = ["DB_PASSWORD", "SECRET_KEY_BASE", "API_KEY", "PGPASS", "SMTP_PASS", "jwt-secret"];
        assert_eq!(names.map(|name| is_secret(name, "x")), [true, true, true, false, true, true]);
        assert!(is_secret("TOTP_VAULT_KEY", "c2VjcmV0IGtleSBvZiBpdA==") && !is_secret("SORT_KEY", "name"));
        let names = ["DB_PASSWORD_FILE", "ENABLE_PASSWORD_LOGIN", "TOKENIZER", "KEYCLOAK", "TOKEN_TTL"];
        assert_eq!(names.map(|name| is_secret(name, "true")), [false; 5]);
    }
}
