### Die Texte der Seiten und Mails auf Deutsch. Die Schlüssel sind in jeder Sprache dieselben.

## An vielen Stellen

allow = Zulassen
back-to = Zurück zu { $application }
cancel = Abbrechen
change = Ändern
change-what = (E-Mail-Adresse oder Benutzername)
check-fields = Bitte prüfen Sie Ihre Angaben.
client-policy = Datenschutz bei { $application }
client-terms = Nutzungsbedingungen von { $application }
continue = Weiter
create-account = Jetzt anlegen
deny = Ablehnen
done = Fertig
email = E-Mail-Adresse
identifier = E-Mail-Adresse oder Benutzername
password = Passwort
privacy = Datenschutz
sign-in = Anmelden
sign-out = Abmelden
terms = Nutzungsbedingungen

## Anmelden

forgot-password = Passwort vergessen?
no-account-yet = Noch kein Konto?
sign-in-title = Bei { $application } anmelden

## Anderswo anmelden

continue-with = Weiter mit { $connection }
leaving-title = Einen Moment …
or = oder
reference = Kennung: { $reference }
upstream-another-person = Bei { $connection } sind Sie jemand anderes als hier. Bitte melden Sie sich dort als Sie selbst an, oder bestätigen Sie es auf andere Weise.
upstream-declined = { $connection } hat Sie nicht angemeldet. Versuchen Sie es noch einmal, oder melden Sie sich anders an.
upstream-no-account = Hier gibt es kein Konto für Sie. Bitte wenden Sie sich an die, die diese Anwendung betreuen.
upstream-taken = Diese Anmeldung bei { $connection } gehört zu einem anderen Konto.
upstream-unavailable = { $connection } ist gerade nicht zu erreichen. Versuchen Sie es später noch einmal, oder melden Sie sich anders an.
upstream-unproven = Was { $connection } uns mitgeteilt hat, ist nicht verlässlich; Sie sind nicht angemeldet. Bitte nennen Sie denen, die diese Anwendung betreuen, die Kennung.
upstream-suspended = Ihr Konto ist gesperrt. Bitte wenden Sie sich an die, die diese Anwendung betreuen.

## Konto auswählen

other-account = Anderes Konto verwenden
select-account-lead = Weiter zu { $application }
select-account-title = Konto auswählen

## Organizations

name-organization-lead = Sie werden ihr erstes Mitglied.
name-organization-title = Wie heißt Ihre Organisation?
no-organization-found = Keine Organisation hat das in ihrem Namen.
not-a-member = Sie gehören nicht zu dieser Organisation. Bitte fragen Sie, wer sich um sie kümmert.
not-admitted = Sie haben keinen Zugang zu dieser Anwendung. Bitte fragen Sie, wer sich um sie kümmert.
not-admitted-in = Bei { $organization } haben Sie keinen Zugang zu dieser Anwendung. Bitte fragen Sie, wer sich um sie kümmert.
not-admitted-others = Andere Organisation wählen
not-admitted-title = Sie können nicht weiter zu { $application }
organization-closed-title = Sie können sich bei { $organization } nicht anmelden
organization-name = Name der Organisation
organization-name-missing = Bitte geben Sie einen Namen mit höchstens 64 Zeichen ein.
organization-suspended = Diese Organisation ist gesperrt. Bitte fragen Sie, wer sich um sie kümmert.
search-organizations = Suchen
select-organization-title = Organisation wählen
signed-in-as = Angemeldet als { $person }

## Einladungen

invitation-accepted = Sie wurde schon angenommen. Wenn Sie das waren, melden Sie sich einfach an.
invitation-another-lead = Sie ging an { $email }, und Sie sind als { $person } angemeldet.
invitation-another-title = Diese Einladung ist für jemand anderen
invitation-closed-title = Diese Einladung kann nicht verwendet werden
invitation-decline = Ohne die Einladung fortfahren
invitation-expired = Sie ist abgelaufen. Bitte fragen Sie nach einer neuen.
invitation-lead = um { $organization } beizutreten
invitation-nowhere = Es gibt noch keine Anwendung, bei der Sie sich anmelden könnten. Bitte fragen Sie, wer Sie eingeladen hat.
invitation-nowhere-title = Sie sind eingeladen
invitation-prove = Adresse bestätigen
invitation-revoked = Sie wurde zurückgezogen. Bitte fragen Sie, wer Sie eingeladen hat.
invitation-sign-in = Als { $email } anmelden
invitation-unknown = Wir kennen diese Einladung nicht. Bitte prüfen Sie, ob der Link vollständig ist, oder fragen Sie nach einer neuen.
invitation-unproven-lead = Bevor Sie { $organization } beitreten, zeigen Sie bitte, dass { $email } Ihre Adresse ist: Wählen Sie ein neues Passwort mit dem Code, den wir Ihnen senden.
invitation-unproven-title = Bitte bestätigen Sie Ihre Adresse

## Registrieren

accept-terms = Ich stimme den Nutzungsbedingungen von { $brand } zu.
first-name = Vorname
have-account = Sie haben schon ein Konto?
last-name = Nachname
read-privacy = Datenschutzerklärung lesen
read-terms = Nutzungsbedingungen lesen
register-lead = Weiter zu { $application }
register-title = Konto anlegen
registration-closed = Bitte wenden Sie sich an die Person, die Sie hierher geschickt hat.
registration-closed-title = Hier lassen sich keine neuen Konten anlegen

## Passwort wählen

choose-password-title = Passwort wählen
new-password = Neues Passwort
password-hint = Mindestens { $minimum } Zeichen. Gut geeignet sind einige Wörter ohne Zusammenhang.
repeat-password = Passwort wiederholen

## Code

code = 6-stelliger Code
code-lead = Wir haben einen Code gesendet an
code-not-arrived = Nichts angekommen?
code-sent-again = Wir haben Ihnen einen neuen Code gesendet.
code-title = Sehen Sie in Ihre E-Mails
other-address = Andere Adresse verwenden
resend-code = Neuen Code senden

## Vergessenes Passwort

back-to-sign-in = Zurück zur Anmeldung
forgot-lead = Geben Sie die E-Mail-Adresse Ihres Kontos ein. Wir senden Ihnen einen Code, mit dem Sie ein neues Passwort wählen.
forgot-title = Passwort vergessen?
send-code = Code senden

## Zustimmung

consent-list = Damit darf { $application }:
consent-return = Danach kehren Sie zu { $destination } zurück.
consent-title = { $application } möchte auf Ihr Konto zugreifen
scope-address = Ihre Postanschrift sehen
scope-email = Ihre E-Mail-Adresse sehen
scope-offline = Diesen Zugriff behalten, auch wenn Sie nicht da sind
scope-openid = Sie wiedererkennen
scope-phone = Ihre Telefonnummer sehen
scope-profile = Ihren Namen und Ihr Bild sehen

## Abmelden

logout-lead = Sie werden in diesem Browser abgemeldet.
logout-title = Abmelden?
signed-out-lead = Sie können dieses Fenster jetzt schließen.
signed-out-title = Sie sind abgemeldet
stay-signed-in = Angemeldet bleiben

## Form Post

form-post-lead = Wenn nichts geschieht, drücken Sie bitte die Taste.
form-post-title = Zurück zu { $application }

## Startseite und Konto

change-password = Passwort ändern
change-password-lead = Hier bleiben Sie angemeldet, überall sonst werden Sie abgemeldet.
current-password = Aktuelles Passwort
home-lead = Hier melden Sie sich bei Ihren Anwendungen an. Bitte beginnen Sie in der Anwendung, die Sie verwenden möchten.
home-signed-in-title = Sie sind angemeldet
home-title = Ihr Konto
password-changed = Ihr Passwort wurde geändert.

## Die Seite des eigenen Kontos

account-linked = Die Anmeldung ist verknüpft. Sie können sie ab jetzt benutzen.
account-named = Ihr Name wurde geändert.
account-primary = Anwendungen sehen ab jetzt diese Adresse.
account-profile = Was Anwendungen über Sie erfahren können
account-removed = Die Anmeldung ist entfernt. Niemand meldet sich mehr damit in Ihrem Konto an.
account-synced = Was Anmeldungen geändert haben
account-ways = So melden Sie sich an
attribute-birthdate = Geburtsdatum
attribute-empty = nichts
attribute-from-business = Eingetragen von { $brand }
attribute-from-connection = Von { $connection }
attribute-from-former = Von dort, wo Sie sich früher angemeldet haben
attribute-from-user = Von Ihnen eingetragen
attribute-gender = Geschlecht
attribute-kept = { $connection } gibt das bei jeder Anmeldung dort vor. Bitte ändern Sie es dort.
attribute-locale = Sprache
attribute-middle-name = Weiterer Vorname
attribute-nickname = Spitzname
attribute-picture = Bild
attribute-preferred-username = Gewünschter Name
attribute-profile = Profilseite
attribute-website = Website
attribute-zoneinfo = Zeitzone
back = Zurück
back-to-account = Zurück zu Ihrem Konto
confirm-lead = Bevor sich etwas ändert, zeigen Sie bitte noch einmal, wer Sie sind.
confirm-nothing = Hier gibt es nichts, womit Sie das bestätigen können. Bitte melden Sie sich ab und wieder an.
confirm-title = Sind Sie es?
evidence-asked = Sie haben sie selbst verknüpft.
evidence-new = Ihr Konto wurde damit angelegt.
evidence-verified-email = Sie wurde verknüpft, weil Ihre E-Mail-Adresse dort und hier bestätigt ist.
evidence-waiting = Sie hat auf Sie gewartet: Wer Ihr Konto betreut, hat sie eingerichtet.
former-connection = ein Dienst, den es hier nicht mehr gibt
identity-last = Nur so können Sie sich in Ihrem Konto anmelden, deshalb lässt es sich nicht entfernen. Bitte verknüpfen Sie zuerst eine andere Anmeldung.
identity-last-but-one = Ohne sie können Sie sich nur noch mit { $other } ({ $kind }) in Ihrem Konto anmelden. Wenn Sie auch das verlieren, kann niemand Sie hineinlassen.
identity-make-primary = Anwendungen zeigen
identity-primary = wird Anwendungen gezeigt
identity-remove = Entfernen
identity-set-aside = stillgelegt zugunsten der Anmeldung Ihres Unternehmens
identity-switched-off = abgeschaltet
identity-unproven = nicht bestätigt
identity-unused = Nie benutzt
identity-used = { $count } Mal benutzt, zuletzt am { $last }
identity-used-once = Einmal benutzt, am { $last }
identity-waiting = wartet auf Ihre erste Anmeldung
kept-edited = { $attribute }: unverändert, weil es hier geändert wurde.
kept-filled = { $attribute }: unverändert, weil hier schon etwas stand.
kept-malformed = { $attribute }: unverändert, weil die Angabe von { $connection } nicht stimmen kann.
kept-sync-off = Sonst hat sich an Ihrem Profil nichts geändert: Es wird beim Anmelden nicht abgeglichen.
kept-taken = { $attribute }: unverändert, weil ein anderes Konto die Angabe von { $connection } schon hat.
link-lead = Sie melden sich dort einmal an. Danach können Sie sich hier damit anmelden.
link-takes-over = { $connection } ist die Anmeldung eines Unternehmens. Sie tritt an die Stelle Ihrer anderen Anmeldungen.
link-title = Weitere Anmeldung hinzufügen
name-title = Namen ändern
not-linked-title = Die Anmeldung wurde nicht verknüpft
phone = Telefon
save = Speichern
synced-change = { $attribute }: { $before } → { $after }, so die Angabe von { $connection }.
synced-granted = Sie haben Rollen, die Ihre Gruppen bei { $connection } Ihnen geben.
synced-joined = Sie gehören jetzt zu der Organisation, deren Anmeldung { $connection } ist.
synced-proven = { $attribute } { $after } ist bestätigt, so die Angabe von { $connection }.
synced-withdrawn = Sie haben Rollen nicht mehr, die Ihre Gruppen bei { $connection } Ihnen gegeben haben.
try-again = Noch einmal versuchen
username = Benutzername

## Was an einem Formular nicht stimmt

address-taken = Diese Adresse gehört inzwischen zu einem anderen Konto. Bitte melden Sie sich damit an.
code-expired = Dieser Code gilt nicht mehr. Bitte lassen Sie sich einen neuen senden.
code-missing = Bitte geben Sie den Code aus der Mail ein.
code-wrong = Das ist nicht der Code, den wir gesendet haben. Bitte prüfen Sie ihn, oder lassen Sie sich einen neuen senden.
email-invalid = Das sieht nicht nach einer E-Mail-Adresse aus.
email-missing = Bitte geben Sie Ihre E-Mail-Adresse ein.
email-not-admitted = Mit einer Adresse bei diesem Anbieter lässt sich hier kein Konto anlegen. Bitte nehmen Sie die Adresse Ihrer Organisation.
first-name-missing = Bitte geben Sie Ihren Vornamen ein.
identifier-missing = Bitte geben Sie Ihre E-Mail-Adresse oder Ihren Benutzernamen ein.
mail-failed = Die Mail konnte nicht gesendet werden. Bitte versuchen Sie es gleich noch einmal.
new-password-missing = Bitte wählen Sie ein Passwort.
password-common = Dieses Passwort ist leicht zu erraten. Bitte wählen Sie ein anderes.
password-long = Bitte verwenden Sie höchstens { $maximum } Zeichen.
password-missing = Bitte geben Sie Ihr Passwort ein.
password-mismatch = Die beiden Passwörter unterscheiden sich.
password-same = Das ist Ihr aktuelles Passwort. Bitte wählen Sie ein anderes.
password-short = Bitte verwenden Sie mindestens { $minimum } Zeichen.
password-wrong = Das ist nicht Ihr aktuelles Passwort.
sign-in-refused = E-Mail-Adresse, Benutzername oder Passwort ist falsch.
terms-missing = Bitte stimmen Sie den Nutzungsbedingungen zu, um fortzufahren.
too-many-attempts = Zu viele Versuche. Bitte warten Sie einige Minuten, und versuchen Sie es dann noch einmal.

## Fehlerseite

error-busy-title = Das geht gerade nicht
error-busy-explanation = Bitte versuchen Sie es gleich noch einmal.
error-code = Fehler
error-description = Einzelheiten
error-expired-title = Diese Seite ist abgelaufen
error-expired-explanation = Diese Anmeldung war zu lange offen, ist bereits abgeschlossen oder wurde in einem anderen Browser begonnen. Bitte beginnen Sie in der Anwendung noch einmal.
error-form-title = Bitte versuchen Sie es noch einmal
error-form-explanation = Dieses Formular war zu lange offen, oder Ihr Browser behält unser Cookie nicht. Bitte gehen Sie zurück, laden Sie die Seite neu, und versuchen Sie es noch einmal.
error-internal-title = Etwas ist schiefgegangen
error-internal-explanation = Das liegt an uns. Bitte versuchen Sie es noch einmal; wenn es wieder geschieht, nennen Sie uns die Kennung unten.
error-reference = Kennung
error-request-title = Wir können Sie nicht anmelden
error-request-explanation = Die Anwendung, von der Sie kommen, hat eine Anfrage gesendet, die wir nicht annehmen können. Bitte gehen Sie zurück, und versuchen Sie es noch einmal; wenn es wieder geschieht, sagen Sie der Betreuung der Anwendung Bescheid.
error-suspended-title = Ihr Konto ist gesperrt
error-suspended-explanation = Sie können sich zurzeit nicht anmelden. Bitte wenden Sie sich an die Betreuung der Anwendung.
error-not-found-title = Hier ist nichts
error-not-found-explanation = Bitte prüfen Sie die Adresse, oder beginnen Sie in der Anwendung noch einmal.

## Mails

mail-footer = Sie erhalten diese Mail, weil jemand Ihre Adresse bei { $brand } eingegeben hat.
mail-footer-account = Sie erhalten diese Mail, weil Sie ein Konto bei { $brand } haben.
mail-greeting = Guten Tag,
mail-ignore = Wenn Sie das nicht waren, können Sie diese Mail ignorieren. Ohne den Code geschieht nichts.
mail-code-validity = Der Code gilt { $minutes } Minuten. Geben Sie ihn nie weiter: Niemand von { $brand } wird Sie danach fragen.
mail-verify-subject = { $code } ist Ihr Code für { $brand }
mail-verify-lead = geben Sie diesen Code ein, um Ihre E-Mail-Adresse zu bestätigen:
mail-reset-subject = { $code } ist Ihr Code für ein neues Passwort
mail-reset-lead = geben Sie diesen Code ein, um ein neues Passwort für { $brand } zu wählen:
mail-already-subject = Sie haben schon ein Konto bei { $brand }
mail-already-lead = jemand wollte mit dieser Adresse ein Konto bei { $brand } anlegen. Es gibt bereits eines, deshalb wurde nichts geändert.
mail-already-advice = Wenn Sie es waren, melden Sie sich bitte mit Ihrem Passwort an. Haben Sie es vergessen, wählen Sie bei der Anmeldung „Passwort vergessen?“.
mail-no-account-subject = Zu dieser Adresse gibt es bei { $brand } kein Konto
mail-no-account-lead = jemand hat bei { $brand } ein neues Passwort angefordert, aber zu dieser Adresse gibt es kein Konto.
mail-no-account-advice = Wenn Sie es waren, haben Sie sich vielleicht mit einer anderen Adresse registriert, oder Sie melden sich auf andere Weise an, etwa über Ihr Unternehmen. Wenn nicht, können Sie diese Mail ignorieren.
mail-footer-invitation = Sie erhalten diese Mail, weil { $organization } Sie bei { $brand } eingeladen hat.
mail-invitation-accept = Einladung annehmen
mail-invitation-address = Falls die Schaltfläche nicht funktioniert, öffnen Sie diese Adresse:
mail-invitation-ignore = Wenn Sie nicht wissen, worum es geht, können Sie diese Mail ignorieren. Ohne Sie geschieht nichts.
mail-invitation-lead = { $organization } hat Sie eingeladen, der Organisation bei { $brand } beizutreten.
mail-invitation-subject = { $organization } hat Sie zu { $brand } eingeladen
mail-invitation-validity = Die Einladung gilt { $days } Tage, und nur für Ihre Adresse.
mail-changed-subject = Ihr Passwort bei { $brand } wurde geändert
mail-changed-lead = das Passwort Ihres Kontos bei { $brand } wurde soeben geändert. Überall sonst wurden Sie abgemeldet.
mail-changed-advice = Wenn Sie das nicht waren, wählen Sie sofort ein neues Passwort: Wählen Sie bei der Anmeldung „Passwort vergessen?“.
