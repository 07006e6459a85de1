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
error-request-number = Request number

## Errors in fields

field-required = This is needed
field-not-understood = This is unknown, missing or not of the right kind
field-control-characters = Control characters are not allowed
field-limit = The limit is a number from 1 to 100
field-cursor = This is not a position in this list
