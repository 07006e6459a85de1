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

# analytics

nav-analytics = Analytics
analytics-title = Analytics
analytics-earned-today = Earned today
analytics-earned-week = Earned in the last 7 days
analytics-in-minus = In the minus now
analytics-dearest = Dearest closed task
analytics-dearest-today = Today
analytics-dearest-week = This week
analytics-dearest-month = This month
analytics-no-closed-tasks = No closed tasks
analytics-range = Dearest closed task by day
analytics-from = From
analytics-to = To
analytics-of-month = { $month ->
    [1] January
    [2] February
    [3] March
    [4] April
    [5] May
    [6] June
    [7] July
    [8] August
    [9] September
    [10] October
    [11] November
   *[12] December
}
analytics-by-day = Earnings by day
analytics-by-day-caption = Fees charged at assignments less rewards for completions, the last 7 days, newest first
analytics-day = Day
analytics-fees = Fees
analytics-rewards = Rewards
analytics-earned = Earned
analytics-in-minus-at-close = In the minus at the close
analytics-not-closed = not closed
analytics-nobody-in-minus = Nobody is in the minus
analytics-nobody-in-minus-text = Every balance is zero or above.
analytics-debtors-caption = { $count ->
    [one] { $count } person has a balance below zero, the deepest first
   *[other] { $count } people have a balance below zero, the deepest first
}
analytics-more-debtors = { $count ->
    [one] And { $count } more.
   *[other] And { $count } more.
}
analytics-employee = Employee
analytics-balance = Balance
analytics-error-date = This is not a date such as 2026-03-01
analytics-error-reversed = The last day is before the first
analytics-error-period = The period is day, week or month
analytics-error-period-and-range = Give either a period or two dates

# operations

nav-modules = Modules
nav-checks = Checks
modules-title = Modules
modules-subscribers = Subscribers
modules-subscribers-caption = Who hears events, and how far each has come
modules-name = Name
modules-state = State
modules-position = Position
modules-lag = Behind by
modules-waiting-since = Waiting since
modules-parked = Parked
modules-dead = Dead
modules-action = Action
modules-runs = runs
modules-fails = fails
modules-paused = paused
modules-has-dead = dead letters
modules-has-parked = retries
modules-pause = Pause
modules-resume = Resume
modules-paused-flash = { $name } is paused. Its events wait and are not lost.
modules-resumed-flash = { $name } goes on where it stopped.
modules-workers = Background workers
modules-workers-caption = The workers of the process that served this page
modules-no-workers = This process has no background workers: another one has them.
modules-jobs = Scheduled jobs
modules-jobs-caption = The latest runs, newest first
modules-no-jobs = No job has run yet.
modules-job = Job
modules-run-key = For
modules-run-started = Started
modules-run-attempts = Attempts
modules-run-detail = Detail
modules-run-done = done
modules-run-waiting = waits
modules-run-failed = failed
checks-title = Checks
checks-lead = The invariants of the books and of the events, asked
checks-all-hold = Everything holds.
checks-broken = { $count ->
    [one] { $count } invariant is broken.
   *[other] { $count } invariants are broken.
}
checks-caption = What always holds, and how many rows break it
checks-number = No.
checks-what-holds = What holds
checks-kind = About
checks-money = money
checks-process = process
checks-result = Result
checks-holds = holds
checks-rows = { $count ->
    [one] { $count } row
   *[other] { $count } rows
}
check-1 = Every transfer has at least two postings, they sum to zero, and so does the whole book
check-2 = Each shown balance is the sum of the employee's transfers
check-3 = Each assignment was charged exactly once, to the right employee, at the task's price
check-4 = A task is done exactly if it was rewarded once, to who completed it, at its price; nothing is assigned after that
check-5 = One reason has one effect of each kind on a task
check-6 = No task, assignment, completion or event waits for longer than a minute
check-7 = A closed date paid everyone exactly once what was above zero at its close
check-8 = Nothing is booked into a closed date
check-9 = Each payout has one mail, and each mail a Message-ID of its own
check-10 = No role of the program can change the books or write another module's tables
check-11 = Nobody who gets no tasks was given one
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
