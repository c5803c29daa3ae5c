### The words of pages and mails in English. Keys are the same in every language.

## In many places

allow = Allow
back-to = Back to { $application }
cancel = Cancel
change = Change
change-what = the email address or username
check-fields = Please check what you entered.
client-policy = Privacy at { $application }
client-terms = Terms of { $application }
continue = Continue
create-account = Create one
deny = Don’t allow
done = Done
email = Email
identifier = Email or username
password = Password
privacy = Privacy
sign-in = Sign in
sign-out = Sign out
terms = Terms

## Sign in

forgot-password = Forgot your password?
no-account-yet = No account yet?
sign-in-title = Sign in to { $application }

## Sign in somewhere else

continue-with = Continue with { $connection }
leaving-title = One moment …
or = or
reference = Reference: { $reference }
upstream-another-person = At { $connection } you are somebody else than here. Please sign in there as yourself, or confirm it another way.
upstream-declined = { $connection } didn’t sign you in. You can try again, or sign in another way.
upstream-no-account = There is no account for you here. Please ask whoever looks after the application.
upstream-taken = This sign-in at { $connection } belongs to another account.
upstream-unavailable = { $connection } can’t be reached at the moment. Please try again later, or sign in another way.
upstream-unproven = What { $connection } told us can’t be trusted, so you are not signed in. Please tell whoever looks after the application the reference below.
upstream-suspended = Your account is suspended. Please ask whoever looks after the application.

## Choose an account

other-account = Use another account
select-account-lead = to continue to { $application }
select-account-title = Choose an account

## Organizations

name-organization-lead = You’ll be its first member.
name-organization-title = Name your organization
no-organization-found = No organization has this in its name.
not-a-member = You don’t belong to this organization. Please ask whoever looks after it to add you.
not-admitted = You don’t have access to this application. Please ask whoever looks after it.
not-admitted-in = You don’t have access to this application in { $organization }. Please ask whoever looks after it.
not-admitted-others = Choose another organization
not-admitted-title = You can’t go on to { $application }
organization-closed-title = You can’t sign in to { $organization }
organization-name = Name of the organization
organization-name-missing = Please enter a name of at most 64 characters.
organization-suspended = This organization is suspended. Please ask whoever looks after it.
search-organizations = Search
select-organization-title = Choose an organization
signed-in-as = Signed in as { $person }

## Invitations

invitation-accepted = It has been accepted already. If that was you, just sign in.
invitation-another-lead = It was sent to { $email }, and you are signed in as { $person }.
invitation-another-title = This invitation is for someone else
invitation-closed-title = This invitation can’t be used
invitation-decline = Continue without the invitation
invitation-expired = It has expired. Please ask for a new one.
invitation-lead = to join { $organization }
invitation-nowhere = There is no application to sign in to yet. Please ask whoever has invited you.
invitation-nowhere-title = You are invited
invitation-prove = Confirm the address
invitation-revoked = It was withdrawn. Please ask whoever has invited you.
invitation-sign-in = Sign in as { $email }
invitation-unknown = We don’t know this invitation. Please check that the link is complete, or ask for a new one.
invitation-unproven-lead = Before you join { $organization }, please show that { $email } is yours: choose a new password with the code that we send you.
invitation-unproven-title = Please confirm your address

## Register

accept-terms = I agree to the terms of { $brand }.
first-name = First name
have-account = Already have an account?
last-name = Last name
read-privacy = Read the privacy policy
read-terms = Read the terms
register-lead = to continue to { $application }
register-title = Create your account
registration-closed = Please ask whoever sent you here.
registration-closed-title = New accounts can’t be created here

## Choose a password

choose-password-title = Choose a password
new-password = New password
password-hint = At least { $minimum } characters. A few unrelated words work well.
repeat-password = Repeat the password

## Code

code = 6-digit code
code-lead = We sent a code to
code-not-arrived = Nothing arrived?
code-sent-again = We sent you a new code.
code-title = Check your email
other-address = Use another address
resend-code = Send a new code

## Forgotten password

back-to-sign-in = Back to sign in
forgot-lead = Enter the email address of your account. We’ll send you a code to choose a new password.
forgot-title = Forgot your password?
send-code = Send code

## Consent

consent-list = This lets { $application }:
consent-return = After that you return to { $destination }.
consent-title = { $application } asks for access to your account
scope-address = See your postal address
scope-email = See your email address
scope-offline = Keep this access while you are away
scope-openid = Know that it’s you
scope-phone = See your phone number
scope-profile = See your name and picture

## Sign out

logout-lead = You will be signed out in this browser.
logout-title = Sign out?
signed-out-lead = You can close this window now.
signed-out-title = You are signed out
stay-signed-in = Stay signed in

## Form post

form-post-lead = If nothing happens, press the button.
form-post-title = Returning to { $application }

## Home and account

change-password = Change password
change-password-lead = You stay signed in here. Everywhere else you will be signed out.
current-password = Current password
home-lead = This is where you sign in to your applications. Please start from the application you want to use.
home-signed-in-title = You are signed in
home-title = Your account
password-changed = Your password has been changed.

## The page of one’s account

account-linked = It is linked. You can sign in with it from now on.
account-named = Your name has been changed.
account-primary = Applications see this address from now on.
account-profile = What applications can know of you
account-removed = It is removed. Nobody signs in to your account with it any more.
account-synced = What sign-ins have changed
account-ways = How you sign in
attribute-birthdate = Date of birth
attribute-empty = nothing
attribute-from-business = Entered by { $brand }
attribute-from-connection = From { $connection }
attribute-from-former = From where you signed in before
attribute-from-user = Entered by you
attribute-gender = Gender
attribute-kept = { $connection } says so, each time you sign in there. Please change it there.
attribute-locale = Language
attribute-middle-name = Middle name
attribute-nickname = Nickname
attribute-picture = Picture
attribute-preferred-username = Preferred name
attribute-profile = Profile page
attribute-website = Website
attribute-zoneinfo = Time zone
back = Back
back-to-account = Back to your account
confirm-lead = Before something changes, please show once more who you are.
confirm-nothing = There is nothing here to confirm it with. Please sign out, and sign in again.
confirm-title = Is it you?
evidence-asked = You have linked it yourself.
evidence-new = Your account was created with it.
evidence-verified-email = It was linked because your email address is confirmed there and here.
evidence-waiting = It was waiting for you: whoever looks after your account has put it there.
former-connection = a service that is no longer here
identity-last = This is the only way to sign in to your account, so it can’t be removed. Please link another one first.
identity-last-but-one = Without it, { $other } ({ $kind }) is the only way left to sign in to your account. If you lose that, nobody can let you in.
identity-make-primary = Show it to applications
identity-primary = shown to applications
identity-remove = Remove
identity-set-aside = set aside for the sign-in of your business
identity-switched-off = switched off
identity-unproven = not confirmed
identity-unused = Never used
identity-used = Used { $count } times, last on { $last }
identity-used-once = Used once, on { $last }
identity-waiting = waiting for your first sign-in
kept-edited = { $attribute } stayed as it is, because it was changed here.
kept-filled = { $attribute } stayed as it is, because there was something here already.
kept-malformed = { $attribute } stayed as it is, because what { $connection } says can’t be right.
kept-sync-off = Nothing else of your profile changed: it isn’t brought up to date when you sign in.
kept-taken = { $attribute } stayed as it is, because another account has the one that { $connection } says.
link-lead = You’ll sign in there once. After that you can use it to sign in here.
link-takes-over = { $connection } is the sign-in of a business. It takes the place of your other ways to sign in.
link-title = Add another way to sign in
name-title = Change your name
not-linked-title = It was not linked
phone = Phone
save = Save
synced-change = { $attribute }: { $before } → { $after }, as { $connection } says.
synced-granted = You have roles that your groups at { $connection } give you.
synced-joined = You have joined the organization that { $connection } belongs to.
synced-proven = { $attribute } { $after } is confirmed, as { $connection } says.
synced-withdrawn = You no longer have roles that your groups at { $connection } gave you.
try-again = Try again
username = Username

## What was wrong with a form

address-taken = This address has been taken by another account meanwhile. Please sign in instead.
code-expired = This code is no longer valid. Please have a new one sent.
code-missing = Please enter the code from the mail.
code-wrong = That isn’t the code we sent. Please check it, or have a new one sent.
email-invalid = That doesn’t look like an email address.
email-missing = Please enter your email address.
email-not-admitted = Accounts can’t be created here with an address at that domain. Please use the address of your organization.
first-name-missing = Please enter your first name.
identifier-missing = Please enter your email address or username.
mail-failed = The mail could not be sent. Please try again in a moment.
new-password-missing = Please choose a password.
password-common = This password is easy to guess. Please choose another one.
password-long = Please use at most { $maximum } characters.
password-missing = Please enter your password.
password-mismatch = The two passwords differ.
password-same = This is your current password. Please choose another one.
password-short = Please use at least { $minimum } characters.
password-wrong = That isn’t your current password.
sign-in-refused = The email address, username or password is wrong.
terms-missing = Please agree to the terms to go on.
too-many-attempts = Too many attempts. Please wait a few minutes and try again.

## Error page

error-busy-title = We can’t do that right now
error-busy-explanation = Please try again in a moment.
error-code = Error
error-description = Details
error-expired-title = This page has expired
error-expired-explanation = This sign-in was open for too long, has already been completed, or was begun in another browser. Please start again from the application.
error-form-title = Please try again
error-form-explanation = This form was open for too long, or your browser does not keep our cookie. Please go back, reload the page and try again.
error-internal-title = Something went wrong
error-internal-explanation = It’s our fault. Please try again; if it happens again, tell us the reference below.
error-reference = Reference
error-request-title = We can’t sign you in
error-request-explanation = The application you come from has sent a request we can’t accept. Please go back and try again; if it happens again, tell whoever looks after the application.
error-suspended-title = Your account is suspended
error-suspended-explanation = You can’t sign in at the moment. Please ask whoever looks after the application.
error-not-found-title = There is nothing here
error-not-found-explanation = Please check the address, or start again from the application.

## Mails

mail-footer = You receive this mail because someone entered your address at { $brand }.
mail-footer-account = You receive this mail because you have an account at { $brand }.
mail-greeting = Hello,
mail-ignore = If that wasn’t you, you can ignore this mail. Nothing happens without the code.
mail-code-validity = The code is valid for { $minutes } minutes. Never pass it on: nobody from { $brand } will ask you for it.
mail-verify-subject = { $code } is your code for { $brand }
mail-verify-lead = Enter this code to confirm your email address:
mail-reset-subject = { $code } is your code for a new password
mail-reset-lead = Enter this code to choose a new password for { $brand }:
mail-already-subject = You already have an account at { $brand }
mail-already-lead = Someone tried to create an account at { $brand } with this address. It already has one, so nothing was changed.
mail-already-advice = If it was you, please sign in with your password. If you have forgotten it, choose “Forgot your password?” when you sign in.
mail-no-account-subject = There is no account for this address at { $brand }
mail-no-account-lead = Someone asked for a new password at { $brand }, but there is no account for this address.
mail-no-account-advice = If it was you, you may have registered with another address, or you sign in another way, such as through your business. If it wasn’t, you can ignore this mail.
mail-footer-invitation = You receive this mail because { $organization } has invited you at { $brand }.
mail-invitation-accept = Accept the invitation
mail-invitation-address = If the button doesn’t work, open this address:
mail-invitation-ignore = If you don’t know what this is about, you can ignore this mail. Nothing happens without you.
mail-invitation-lead = { $organization } has invited you to join them at { $brand }.
mail-invitation-subject = { $organization } has invited you to { $brand }
mail-invitation-validity = The invitation is valid for { $days } days, and for your address alone.
mail-changed-subject = Your password at { $brand } was changed
mail-changed-lead = The password of your account at { $brand } was changed just now. You were signed out everywhere else.
mail-changed-advice = If that wasn’t you, choose a new password at once: choose “Forgot your password?” when you sign in.
