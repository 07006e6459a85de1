//! What somebody does who means harm, beyond what each module tests of its own: texts that want to be markup, headers, log lines or
//! formulas; secrets that want to be seen; requests that two readers may understand differently; a person at the database itself.

mod logs;
mod markup;
mod rows;
