//! From the pairs of a form to a typed value: a field may come several times (check boxes) and be empty (nothing chosen).

use std::fmt;

use serde::de::value::{MapDeserializer, SeqDeserializer, StringDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

/// Why a form does not fit its type, in serde's words.
#[derive(Debug)]
pub(super) struct Misfit(String);

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Misfit {}

impl serde::de::Error for Misfit {
    fn custom<T: fmt::Display>(words: T) -> Self {
        Self(words.to_string())
    }
}

/// Reads the pairs of a form. An `Option` of an empty field is `None`; a `Vec` takes every value of its field.
pub(super) fn read<T: DeserializeOwned>(pairs: Vec<(String, String)>) -> Result<T, Misfit> {
    let mut fields: Vec<(String, Field)> = Vec::new();
    for (name, value) in pairs {
        match fields.iter_mut().find(|(known, _)| *known == name) {
            Some((_, field)) => field.values.push(value),
            None => fields.push((
                name.clone(),
                Field {
                    name,
                    values: vec![value],
                },
            )),
        }
    }
    T::deserialize(MapDeserializer::new(fields.into_iter()))
}

struct Field {
    name: String,
    values: Vec<String>,
}

impl Field {
    fn single(self) -> Result<String, Misfit> {
        let mut values = self.values.into_iter();
        match (values.next(), values.next()) {
            (Some(value), None) => Ok(value),
            _ => Err(Misfit::custom(format_args!(
                "duplicate field `{}`",
                self.name
            ))),
        }
    }
}

impl IntoDeserializer<'_, Misfit> for Field {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! parsed {
    ($($method:ident $visit:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
            let name = self.name.clone();
            match self.single()?.trim().parse() {
                Ok(value) => visitor.$visit(value),
                Err(_) => Err(Misfit::custom(format_args!("field `{name}` is no number"))),
            }
        })*
    };
}

impl<'de> Deserializer<'de> for Field {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        let name = self.name.clone();
        let named = |error: Misfit| {
            if error.0.contains("field `") {
                error
            } else {
                Misfit(format!("field `{name}`: {error}"))
            }
        };
        visitor.visit_string(self.single()?).map_err(named)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        if self.values.iter().all(String::is_empty) {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        let value = self.single()?;
        visitor.visit_bool(matches!(value.as_str(), "true" | "on" | "1" | "yes"))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        let values = self
            .values
            .into_iter()
            .filter(|value| !value.is_empty())
            .map(StringDeserializer::new);
        visitor.visit_seq(SeqDeserializer::new(values))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        let value: StringDeserializer<Misfit> = self.single()?.into_deserializer();
        value.deserialize_enum(name, variants, visitor)
    }

    parsed! {
        deserialize_i8 visit_i8 deserialize_i16 visit_i16 deserialize_i32 visit_i32 deserialize_i64 visit_i64
        deserialize_u8 visit_u8 deserialize_u16 visit_u16 deserialize_u32 visit_u32 deserialize_u64 visit_u64
    }

    forward_to_deserialize_any! {
        f32 f64 char str string bytes byte_buf unit unit_struct tuple tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
    use serde::Deserialize;
    use uuid::Uuid;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        title: String,
        #[serde(default)]
        roles: Vec<String>,
        from: Option<NaiveDate>,
        key: Option<Uuid>,
        count: Option<u32>,
        #[serde(default)]
        agreed: bool,
    }

    fn pairs(text: &str) -> Vec<(String, String)> {
        url::form_urlencoded::parse(text.as_bytes())
            .into_owned()
            .collect()
    }

    #[test]
    fn check_boxes_empty_fields_and_numbers_are_read() {
        let sample: Sample = read(pairs(
            "title=%D0%9F+1&roles=a&roles=b&from=&count=3&agreed=on",
        ))
        .unwrap();
        let expected = Sample {
            title: "П 1".into(),
            roles: vec!["a".into(), "b".into()],
            from: None,
            key: None,
            count: Some(3),
            agreed: true,
        };
        assert_eq!(sample, expected);
        let dated: Sample = read(pairs("title=x&from=2026-11-21")).unwrap();
        assert_eq!(dated.from, NaiveDate::from_ymd_opt(2026, 11, 21));
    }

    #[test]
    fn a45_unknown_and_repeated_fields_are_refused_by_name() {
        for (body, field) in [
            ("title=x&price=1", "price"),
            ("title=x&title=y", "title"),
            ("roles=a", "title"),
            ("title=x&count=ten", "count"),
            ("title=x&from=soon", "from"),
        ] {
            let error = read::<Sample>(pairs(body)).unwrap_err().to_string();
            assert_eq!(
                super::super::extractors::quoted_name(&error).as_deref(),
                Some(field),
                "{body}: {error}"
            );
        }
    }
}
