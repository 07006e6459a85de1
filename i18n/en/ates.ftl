### Everything people read. The same ids stand in ru/ates.ftl; a test compares the two files.

## The frame of every page

site-title = aTES
site-tagline = Awesome Task Exchange System
skip-to-content = Skip to the content
main-navigation = Main
language = Language
theme = Theme
theme-auto = As the system
theme-light = Light
theme-dark = Dark
preferences = Language and theme
profile = My profile
log-out = Log out
demo-notice = Demo: the company, its people and its money are made up.
zone-notice = Times are those of { $zone }.
home = Home

## Forms

error-summary-title = { $count ->
    [one] There is a problem
   *[other] There are { $count } problems
}
error-prefix = Error:
optional = optional

## Lists

pager = Pages of the list
newer = Newer
older = Older
first-page = First page
filter = Filter
clear-filter = Clear the filter
download-csv = Download as CSV

## Errors: headings

error-title-bad-request = This request makes no sense
error-title-unauthenticated = Please log in
error-title-forbidden = Not allowed
error-title-not-found = Nothing here
error-title-conflict = It has changed in the meantime
error-title-invalid-input = Something is not right
error-title-too-many-requests = Too many requests
error-title-internal = Something broke on our side
error-title-unavailable = Not available right now

## Errors: what to do

error-bad-request = The server could not read the request. Go back and try again.
error-unauthenticated = Log in to go on.
error-forbidden = Your roles do not include this. If they should, ask an administrator.
error-not-found = There is no such page, or it is not yours to see. Check the address or go home.
error-method-not-allowed = This address does not take requests of this kind.
error-invalid-input = Correct the fields named below and send it again.
error-too-slow = The request took too long to arrive. Try again.
error-too-large = What was sent is too large.
error-unsupported-media-type = The server does not read bodies of this type.
error-too-many-requests = That was too often. Wait a little and try again.
error-unavailable = The system cannot do this right now. Nothing was changed; try again soon.
error-internal = The fault is ours and is written down. Try again; if it stays, tell an administrator the request number.
error-database-away = The database does not answer right now. Nothing was changed; try again in a few seconds.
error-form-expired = The form is too old, or your session has changed since it was opened. Open the page again and send the form once more.
error-form-already-sent = This form was sent already and is still being worked on. Look at the list before you send it again.
error-cross-site = This request did not come from a page of aTES, so it was not carried out.
error-try-again-in = Try again in { $seconds ->
    [one] { $seconds } second
   *[other] { $seconds } seconds
}.
flash-session-ended = You are not logged in any more, so nothing was sent. Log in and do it again.
error-request-number = Request number

## Errors in fields

field-required = This is needed
field-not-understood = This is unknown, missing or not of the right kind
field-control-characters = Control characters are not allowed
field-limit = The limit is a number from 1 to 100
field-cursor = This is not a position in this list

## Auth

log-in = Log in
username = Log-in name
username-or-email = Log-in name or e-mail
username-hint = 3 to 40 letters, digits, dots, underscores or hyphens; begins with a letter
email = E-mail
password = Password
password-hint = At least 15 characters of any kind; a sentence is fine
old-password = Present password
new-password = New password
change-password = Change the password
mail-language = Language of mails
save = Save
name = Name
given-name = Given name
surname = Surname
role = Role
roles = Roles
roles-caption = What each role is for, and what it may do by itself
roles-change-hint = A change of roles ends the person's sessions. Somebody who becomes a manager or an administrator gives up all open tasks.
description = Description
permissions = Permissions
operation = Operation
access-table = Who may do what
access-legend = ✓ allowed, ○ only what is one's own, + only with a permission of one's own, – refused
state = State
active = active
deactivated = deactivated
deactivate = Deactivate
deactivate-consequence = { $name } will be logged out at once and get no more tasks; open tasks go to others, who are charged for them. The account and all its transfers stay.
search = Search
any = Any
register = Register
new-user = New user
nav-users = Users
users-caption = Users by log-in name
users-none = Nobody here
users-none-hint = Clear the filter, or register somebody.
role-administrator = administrator
role-manager = manager
role-developer = developer
role-boss = boss
role-accountant = accountant
role-internalservice = internal service
role-other = other
operation-log-in = Log in
operation-own-sessions = Own sessions
operation-public-keys = Public keys and health
operation-own-profile = Own profile
operation-own-tasks = Own tasks
operation-all-tasks = All tasks
operation-one-task = One task
operation-create-task = Create a task
operation-edit-task = Change a task
operation-complete-task = Complete a task
operation-shuffle = Shuffle
operation-own-money = Own balance and log
operation-company-earnings = The company's earnings
operation-company-transfers = All transfers
operation-payouts = Payout runs
operation-run-payouts = Settle an overdue date
operation-analytics = Analytics
operation-manage-users = Users and roles
operation-money-audit = Audit of money
operation-security-audit = Audit of rights
operation-operate = Modules and events
operation-checks = Checks
operation-api-document = Description of the API
field-log-in-wrong = Name or password is wrong
field-password-wrong = This is not your present password
field-password-short = The password needs at least { $min } characters
field-password-long = The password may have at most { $max } characters
field-password-own-name = The password must not contain your name or address
field-password-easy = This password is too easy to guess
field-username-length = The log-in name needs 3 to 40 characters
field-username-characters = The log-in name may have letters, digits, dots, underscores and hyphens, and begins with a letter
field-username-taken = Somebody has this log-in name already
field-email-long = The address is too long
field-email-form = This is not an e-mail address
field-email-taken = Somebody has this address already
field-name-empty = Enter a name
field-name-long = A name may have at most 80 characters
field-name-characters = A name must not contain control or invisible characters, < or >
field-roles-unknown = There is no such role
field-roles-empty = Choose at least one role
error-log-in-busy = Too many people are logging in right now. Try again in a few seconds.
error-log-in-throttled = Too many attempts. Try again in { $seconds ->
    [one] { $seconds } second
   *[other] { $seconds } seconds
}.
error-administrator-exists = There is an administrator already
error-last-administrator = This is the last administrator; make another one first
flash-logged-out = You are logged out
flash-language-saved = The language of your mails is saved
flash-password-changed = The password is changed; log in with the new one
flash-user-registered = { $username } is registered
flash-user-saved = Saved
flash-user-deactivated = Deactivated; open tasks go to others
## Accounting

nav-accounting = Finance
nav-account = My account
breadcrumb = Where you are
total = Total
column-date = Date
column-time = Time
column-kind = Kind
column-description = What for
column-employee = Employee
column-amount = Amount
column-balance = Balance
column-fees = Fees
column-rewards = Rewards
column-earned = Earned
column-paid = Paid
column-people = People paid
column-debtors = Left with a debt
column-mail = Mail
column-mails = Mails
column-transfer = Transfer
column-settled-at = Settled
column-state = State
column-recipient = Address
column-attempts = Attempts
period-from = From
period-to = To
period-neighbours = Earlier and later
previous-day = Previous day
next-day = Next day
previous-period = Earlier
next-period = Later
kind-all = All kinds
kind-assignment-fee = Fee
kind-completion-reward = Reward
kind-payout = Payout
kind-debt-carried = Carried debt
kind-adjustment = Adjustment
movement-assignment-fee = Assigned: { $task }
movement-completion-reward = Completed: { $task }
movement-payout = Paid { $paid } for { $date }
movement-adjustment = Adjustment of { $date }
movement-debt-carried = Debt carried over { $amount }
account-title = My account
account-title-of = Account of { $name }
account-balance = Balance
account-earned-today = Earned today
account-next-payout = Next payout
account-log = Log
account-empty-title = No operations in this time
account-empty-text = The first fee arrives with the first task.
company-title = Finance
company-today = Today's transfers
company-earned-today = Earned today
company-earned-note = Fees less rewards; payouts do not count.
company-balance = Balance of the company
company-balance-note = Fees less rewards since the start.
company-owed = The same from the employees' side
company-owed-note = All balances and payouts, negated.
company-sides-differ = The two sides of the books differ. Tell an administrator at once.
company-days = Earnings by day
day-title = Transfers of { $date }
day-closed = Closed: final
day-open = Open: not final
day-payouts = Payouts of the day
day-count = { $count ->
    [one] { $count } transfer
   *[other] { $count } transfers
}
day-transfers = Transfers, newest first
day-empty-title = No transfers
day-empty-text = Nothing was booked here on this day.
payouts-title = Payouts
payouts-caption = Settled days, newest first
payouts-overdue = Not settled yet
payouts-reason = It waits:
payouts-settle = Settle { $date } now
payouts-settled = { $date } is settled.
payouts-waiting = { $date } cannot be settled yet. It is tried again every minute; the reason is below.
payouts-empty-title = No payouts yet
payouts-empty-text = Each day is settled after its end by the clock of { $zone }.
payout-title = Payouts for { $date }
payout-transfers = Transfers of the day
payout-lines = Who was paid what
payout-empty-title = Nobody was paid
payout-empty-text = No balance was above zero at the end of this day.
mails-title = Mails
mails-caption = Mails about payouts, newest first
mails-not-connected = No mail server is configured: mails are kept here and shown.
mails-failed = { $count ->
    [one] { $count } failed
   *[other] { $count } failed
}
mails-waiting = { $count ->
    [one] { $count } not sent yet
   *[other] { $count } not sent yet
}
mails-all-sent = all sent
mails-empty-title = No mails here
mails-empty-text = Everybody who is paid gets one.
mail-state-all = All states
mail-state-new = new
mail-state-waiting = waiting
mail-state-sent = sent
mail-state-failed = failed
mail-state-none = no mail
mail-retry = Send again
mail-retried = The mail is on its way again.
mail-written = Written
mail-sent = Sent
mail-next-attempt = Next attempt
mail-last-error = What the mail server said
mail-text = Text
mail-html = HTML
mail-payout-subject = Payout for { $date }: { $amount }
mail-payout-greeting = Hello { $name },
mail-payout-body = you were paid { $amount } for { $date }.
mail-payout-link = Every fee and reward of the day is in your account.
mail-payout-sign = Accounting, UberPopug Inc
error-day-not-open = { $date } is not a day of the books that could be settled.
error-day-before-open = A day before { $date } is not settled yet.
error-day-not-over = { $date } is not over yet.
error-nothing-to-settle = No day is over yet, so there is nothing to settle.
error-mail-not-failed = Only a mail that failed can be sent again.
field-not-a-date = Give a date such as 2026-03-02
field-period-reversed = The last day must not be before the first
field-period-too-long = That is too long for one table: ask for at most ten years
