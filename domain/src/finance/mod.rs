//! The books: what was spent and what was planned, what the tax office is told and paid, which months are closed, and the
//! ledger that follows from everything that happens to money.

pub mod budget;
pub mod calendar;
pub mod cash;
pub mod category;
mod checks;
mod error;
pub mod expense;
pub mod instalment;
pub mod ledger;
pub mod month;
pub mod period;
pub mod tax_export;

pub use self::error::FinanceError;

/// What deciding is in all of them.
type Decision<E> = Result<Vec<E>, FinanceError>;

/// The four lines that are the same for everything that is written into the books.
macro_rules! decides {
    ($aggregate:ident, $kind:literal, $command:ident, $event:ident) => {
        impl cqrs_es::Aggregate for $aggregate {
            const TYPE: &'static str = $kind;
            type Command = $command;
            type Event = $event;
            type Error = crate::finance::FinanceError;
            type Services = ();

            async fn handle(
                &mut self,
                command: Self::Command,
                (): &Self::Services,
                sink: &cqrs_es::event_sink::EventSink<Self>,
            ) -> Result<(), Self::Error> {
                for event in self.decide(command)? {
                    sink.write(event, self).await;
                }
                Ok(())
            }

            fn apply(&mut self, event: Self::Event) {
                self.fold(event);
            }
        }
    };
}
use decides;
