//! What a token may do with an audience or an ad account, and what these may have done.

use super::GraphError;
use crate::{
    changes::Permission,
    records::{Account, Audience, Records, audience::CUSTOM},
};

/// Whether members may come and go in this audience.
pub(super) fn check_write(
    records: &Records,
    audience: &Audience,
    now: u64,
) -> Result<(), GraphError> {
    if audience.condition.is_deleted(now) {
        return Err(GraphError::new(400, 1_487_366).message("This audience has been deleted"));
    }
    check_account(records.accounts.get(&audience.profile.account))?;
    if audience.profile.subtype != CUSTOM {
        return Err(GraphError::parameter(
            "Users can be uploaded to customer lists only",
        ));
    }
    if audience.profile.is_value_based {
        check_value_terms(records.accounts.get(&audience.profile.account))?;
    }
    if !audience.condition.can_edit {
        return Err(GraphError::new(403, 2_654)
            .subcode(1_713_092)
            .message("No permission to write to this custom audience"));
    }
    if audience.condition.flagged {
        return Err(GraphError::data(
            1_713_230,
            "This audience was flagged, so nothing can be uploaded to it",
        ));
    }
    Ok(())
}

/// Whether lists may be uploaded in this ad account.
pub(super) fn check_account(account: Option<&Account>) -> Result<(), GraphError> {
    let Some(account) = account else {
        return Ok(());
    };
    check_permission(account)?;
    if !account.terms_accepted {
        return Err(GraphError::new(403, 200)
            .subcode(1_870_034)
            .message("The custom audience terms have not been accepted"));
    }
    if !account.business_terms_accepted {
        return Err(GraphError::new(403, 200)
            .subcode(1_870_090)
            .message("The business has to accept the custom audience terms"));
    }
    Ok(())
}

/// Whether lists by value may be made and filled in this ad account: they have terms of
/// their own, whose code is told nowhere.
pub(super) fn check_value_terms(account: Option<&Account>) -> Result<(), GraphError> {
    if account.is_some_and(|account| account.value_terms_accepted == Some(false)) {
        return Err(GraphError::new(403, 200)
            .subcode(1_870_034)
            .message("The terms of value-based custom audiences have not been accepted"));
    }
    Ok(())
}

/// Whether the token sees the account at all.
pub(super) fn check_permission(account: &Account) -> Result<(), GraphError> {
    let (status, code, message) = match account.permission {
        Permission::Granted => return Ok(()),
        Permission::Missing => (403, 200, "Permissions error"),
        Permission::App => (
            403,
            10,
            "Application does not have permission for this action",
        ),
        Permission::AdsManagement => (400, 294, "Managing advertisements requires ads_management"),
        Permission::Development => (
            400,
            270,
            "This Ads API request is not allowed for apps with development access level",
        ),
    };
    Err(GraphError::new(status, code).message(message))
}
