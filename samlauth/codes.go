package samlauth

import (
	"errors"

	"example.com/stagedoor/authprovider"
)

// The reason codes of refused answers. They are stable: they stand in the audit log, in the message to the app, and in the redirect
// flow's error_code.
const (
	CodeResponseMalformed    = "saml_response_malformed"         // no XML, not the XML of a response, or with something in it twice
	CodeResponseTooLarge     = "saml_response_too_large"         // too many bytes or elements, or too deep
	CodeDoctype              = "saml_doctype_refused"            // a document type declaration
	CodeComment              = "saml_comment_refused"            // a comment or a processing instruction
	CodeDuplicateID          = "saml_duplicate_id"               // an ID or an attribute twice
	CodeStatus               = "saml_status"                     // the identity provider says that something failed
	CodeDestination          = "saml_destination_mismatch"       // meant for another address
	CodeInResponseTo         = "saml_in_response_to_mismatch"    // the answer to another request, or to none
	CodeIssuer               = "saml_issuer_mismatch"            // another identity provider's
	CodeAssertionMissing     = "saml_assertion_missing"          // no assertion where it belongs
	CodeAssertionRepeated    = "saml_assertion_repeated"         // more than one assertion anywhere in the document
	CodeAssertionMalformed   = "saml_assertion_malformed"        // lacks what it must have, or has it twice
	CodeAssertionUnsigned    = "saml_assertion_unsigned"         // the assertion itself is not signed
	CodeSignatureMisplaced   = "saml_signature_misplaced"        // a signature where none belongs
	CodeSignatureMalformed   = "saml_signature_malformed"        // not the one form of signature that SAML allows
	CodeSignatureReference   = "saml_signature_reference"        // speaks of another element than the one that it is in
	CodeAlgorithm            = "saml_algorithm_refused"          // an algorithm that is too weak or none of a signature's
	CodeSHA1                 = "saml_sha1_refused"               // SHA-1, without Config.DangerouslyAllowSHA1
	CodeSignatureInvalid     = "saml_signature_invalid"          // not made with a key of the identity provider's, or the content was changed
	CodeEncryption           = "saml_encryption_refused"         // cannot be decrypted, or what is inside is not a signed assertion
	CodeEncryptionUnexpected = "saml_encryption_without_key"     // encrypted, and there is no Config.Key to decrypt with
	CodeAudience             = "saml_audience_mismatch"          // meant for another service provider
	CodeRecipient            = "saml_recipient_mismatch"         // to be delivered elsewhere
	CodeConfirmation         = "saml_confirmation_missing"       // no bearer confirmation
	CodeNotYetValid          = "saml_not_yet_valid"              // begins later
	CodeExpired              = "saml_expired"                    // has ended
	CodeCondition            = "saml_condition_unknown"          // a condition that nobody here understands
	CodeReplayed             = "saml_assertion_replayed"         // this assertion has been used
	CodeNameID               = "saml_name_id_malformed"          // no name ID, or none that could be one
	CodeAuthnContext         = "saml_authn_context_mismatch"     // not signed in in the way that was asked for
	CodeAuthnTooOld          = "saml_authn_too_old"              // not signed in anew, though that was asked for
	CodeUnsolicited          = "saml_unsolicited"                // nobody asked for this answer
	CodeFormMalformed        = "saml_form_malformed"             // the POST is not one of a SAML response
	CodeMetadata             = "saml_metadata_unavailable"       // the identity provider's metadata cannot be had
	CodeLogoutRequest        = "saml_logout_request_unsupported" // the identity provider wants to end the session here
	CodeLogoutResponse       = "saml_logout_response_refused"    // the answer to a sign-out is not one
)

const refusedMessage = "The identity provider's answer was refused. Please go back to the app and try again."

// refuse is the error of an answer that is not believed.
func refuse(code string, err error) error {
	return &authprovider.Error{Kind: authprovider.ErrNotAllowed, Code: code, Message: refusedMessage, Err: err}
}

// documentCode is the reason code of an error of parseDocument.
func documentCode(err error) string {
	switch {
	case errors.Is(err, errTooLarge), errors.Is(err, errTooDeep):
		return CodeResponseTooLarge
	case errors.Is(err, errDoctype):
		return CodeDoctype
	case errors.Is(err, errComment):
		return CodeComment
	case errors.Is(err, errDuplicate):
		return CodeDuplicateID
	}
	return CodeResponseMalformed
}
