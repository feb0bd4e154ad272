//! A statement put together from parts, each with its values.

use sqlx::{Arguments, Encode, Postgres, Type, postgres::PgArguments};

#[derive(Default)]
pub(super) struct Statement {
    parts: Vec<String>,
    arguments: PgArguments,
}

impl Statement {
    /// Adds a value; answers what stands for it in the text.
    pub(super) fn bind<'q, T>(&mut self, value: T) -> Result<String, sqlx::Error>
    where
        T: Encode<'q, Postgres> + Type<Postgres> + 'q,
    {
        self.arguments.add(value).map_err(sqlx::Error::Encode)?;
        Ok(format!("${}", self.arguments.len()))
    }

    /// Adds a part that is done whether or not the others ask for it.
    pub(super) fn also(&mut self, part: impl FnOnce(&str) -> String) {
        let name = format!("part_{}", self.parts.len());
        self.parts.push(part(&name));
    }

    /// The whole: all parts, then `last`.
    pub(super) fn finish(self, last: &str) -> (String, PgArguments) {
        (format!("WITH {} {last}", self.parts.join(", ")), self.arguments)
    }
}
