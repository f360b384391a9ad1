//! Short options as getopt reads them: `-DF`, `-m512`, `-m 512`, `--`.

/// One option found, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opt {
    pub letter: char,
    pub value: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GetoptError {
    Unknown(char),
    MissingValue(char),
}

/// `spec` is getopt's: a colon behind a letter says that it takes a value. Returns options and what is not one.
pub fn parse(spec: &str, args: &[String]) -> Result<(Vec<Opt>, Vec<String>), GetoptError> {
    let (mut options, mut rest) = (Vec::new(), Vec::new());
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.strip_prefix('-') {
            Some("-") => {
                rest.extend(args.by_ref().cloned());
            }
            Some(letters) if !letters.is_empty() => cluster(spec, letters, &mut args, &mut options)?,
            _ => rest.push(arg.clone()),
        }
    }
    Ok((options, rest))
}

fn cluster<'a>(
    spec: &str,
    letters: &str,
    args: &mut impl Iterator<Item = &'a String>,
    options: &mut Vec<Opt>,
) -> Result<(), GetoptError> {
    let mut letters = letters.chars();
    while let Some(letter) = letters.next() {
        let Some(takes_value) = lookup(spec, letter) else { return Err(GetoptError::Unknown(letter)) };
        if !takes_value {
            options.push(Opt { letter, value: None });
            continue;
        }
        let attached = letters.as_str();
        let value = if attached.is_empty() { args.next().cloned() } else { Some(attached.to_owned()) };
        let Some(value) = value else { return Err(GetoptError::MissingValue(letter)) };
        options.push(Opt { letter, value: Some(value) });
        return Ok(());
    }
    Ok(())
}

/// Whether the letter takes a value; `None` for one that is no option.
fn lookup(spec: &str, letter: char) -> Option<bool> {
    if letter == ':' {
        return None;
    }
    let at = spec.find(letter)?;
    Some(spec[at + letter.len_utf8()..].starts_with(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(args: &[&str]) -> Result<Vec<(char, Option<String>)>, GetoptError> {
        let args: Vec<String> = args.iter().map(|a| (*a).to_owned()).collect();
        parse("f:cDFm:d", &args).map(|(o, _)| o.into_iter().map(|o| (o.letter, o.value)).collect())
    }

    #[test]
    fn letters_cluster_and_values_attach() {
        let value = |v: &str| Some(v.to_owned());
        assert_eq!(parsed(&["-DF"]), Ok(vec![('D', None), ('F', None)]));
        assert_eq!(parsed(&["-m512", "-dd"]), Ok(vec![('m', value("512")), ('d', None), ('d', None)]));
        assert_eq!(parsed(&["-Ff", "x.cfg"]), Ok(vec![('F', None), ('f', value("x.cfg"))]));
    }

    #[test]
    fn what_is_no_option_is_an_error() {
        assert_eq!(parsed(&["-x"]), Err(GetoptError::Unknown('x')));
        assert_eq!(parsed(&["-f"]), Err(GetoptError::MissingValue('f')));
        assert_eq!(parsed(&["-:"]), Err(GetoptError::Unknown(':')));
    }

    #[test]
    fn everything_behind_two_dashes_is_an_operand() {
        let args: Vec<String> = ["-F", "--", "-D"].iter().map(|a| (*a).to_owned()).collect();
        let (options, rest) = parse("DF", &args).unwrap();
        assert_eq!(options.len(), 1);
        assert_eq!(rest, ["-D"]);
    }
}
