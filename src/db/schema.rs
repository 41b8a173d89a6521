//! The tables of both engines, by hand: the two would print different files.

diesel::table! {
    users (id) {
        id -> Binary,
        email -> Text,
        name -> Text,
        language -> Text,
        password_hash -> Nullable<Text>,
        verified_at -> Nullable<Timestamp>,
        version -> Integer,
        created_at -> Timestamp,
        erased_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    password_failures (subject) {
        subject -> Binary,
        failures -> Integer,
        last_failed_at -> Timestamp,
        locked_until -> Timestamp,
    }
}

diesel::table! {
    known_networks (subject) {
        subject -> Binary,
        user_id -> Binary,
        seen_at -> Timestamp,
    }
}

diesel::table! {
    sign_ups (hash) {
        hash -> Binary,
        email -> Text,
        name -> Text,
        language -> Text,
        password_hash -> Text,
        created_at -> Timestamp,
        expires_at -> Timestamp,
    }
}

diesel::table! {
    password_resets (hash) {
        hash -> Binary,
        user_id -> Binary,
        expires_at -> Timestamp,
    }
}

diesel::table! {
    throttles (subject) {
        subject -> Binary,
        since -> Timestamp,
        hits -> Integer,
    }
}

diesel::table! {
    second_factors (user_id) {
        user_id -> Binary,
        sealed -> Binary,
        last_step -> BigInt,
        begun_at -> Timestamp,
        confirmed_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    recovery_codes (hash) {
        hash -> Binary,
        user_id -> Binary,
        used_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    external_identities (issuer, subject) {
        issuer -> Text,
        subject -> Text,
        user_id -> Binary,
        bound_at -> Timestamp,
    }
}

diesel::table! {
    operator_roles (user_id, valid_from) {
        user_id -> Binary,
        role -> Text,
        valid_from -> Timestamp,
        valid_to -> Nullable<Timestamp>,
    }
}

diesel::table! {
    sessions (id) {
        id -> Binary,
        user_id -> Binary,
        created_at -> Timestamp,
        last_used_at -> Timestamp,
        expires_at -> Timestamp,
        ended_at -> Nullable<Timestamp>,
        user_agent -> Nullable<Text>,
    }
}

diesel::table! {
    refresh_tokens (hash) {
        hash -> Binary,
        session_id -> Binary,
        created_at -> Timestamp,
        used_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    api_tokens (id) {
        id -> Binary,
        user_id -> Binary,
        name -> Text,
        hash -> Binary,
        scopes -> Text,
        created_at -> Timestamp,
        expires_at -> Timestamp,
        last_used_at -> Nullable<Timestamp>,
        revoked_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    signing_keys (id) {
        id -> Text,
        sealed -> Binary,
        public_key -> Binary,
        created_at -> Timestamp,
        retired_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    stored_answers (user_id, key) {
        user_id -> Binary,
        key -> Text,
        fingerprint -> Binary,
        status -> Integer,
        location -> Nullable<Text>,
        etag -> Nullable<Text>,
        body -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    organizations (id) {
        id -> Binary,
        name -> Text,
        kind -> Text,
        email -> Text,
        country -> Text,
        vat_number -> Nullable<Text>,
        version -> Integer,
        created_at -> Timestamp,
    }
}

diesel::table! {
    memberships (id, valid_from) {
        id -> Binary,
        organization_id -> Binary,
        user_id -> Binary,
        role -> Text,
        may_order -> Bool,
        added_by -> Nullable<Binary>,
        version -> Integer,
        valid_from -> Timestamp,
        valid_to -> Nullable<Timestamp>,
    }
}

diesel::table! {
    member_invitations (id) {
        id -> Binary,
        organization_id -> Binary,
        email -> Text,
        role -> Text,
        may_order -> Bool,
        added_by -> Nullable<Binary>,
        status -> Text,
        token_hash -> Binary,
        created_by -> Binary,
        version -> Integer,
        created_at -> Timestamp,
        expires_at -> Timestamp,
    }
}

diesel::table! {
    products (id) {
        id -> Binary,
        organization_id -> Binary,
        parent_id -> Nullable<Binary>,
        family -> Text,
        name -> Text,
        quantity -> BigInt,
        period -> Text,
        currency -> Text,
        state -> Text,
        automatic -> Bool,
        payment_method_id -> Nullable<Binary>,
        renews_on -> Date,
        failed_renewals -> Integer,
        retry_at -> Nullable<Timestamp>,
        version -> Integer,
        installed_at -> Timestamp,
    }
}

diesel::table! {
    teams (id) {
        id -> Binary,
        organization_id -> Binary,
        name -> Text,
        version -> Integer,
        created_at -> Timestamp,
        deleted_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    team_members (team_id, member_id, valid_from) {
        team_id -> Binary,
        member_id -> Binary,
        valid_from -> Timestamp,
        valid_to -> Nullable<Timestamp>,
    }
}

diesel::table! {
    reached_products (holder_id, product_id, valid_from) {
        holder_id -> Binary,
        product_id -> Binary,
        valid_from -> Timestamp,
        valid_to -> Nullable<Timestamp>,
    }
}

diesel::table! {
    renewal_ownerships (product_id, valid_from) {
        product_id -> Binary,
        owner_id -> Binary,
        family -> Text,
        quantity -> BigInt,
        valid_from -> Timestamp,
        valid_to -> Nullable<Timestamp>,
        claimed_at -> Timestamp,
    }
}

diesel::table! {
    unit_counters (owner_id, family) {
        owner_id -> Binary,
        family -> Text,
        units -> BigInt,
    }
}

diesel::table! {
    payment_methods (id) {
        id -> Binary,
        organization_id -> Binary,
        kind -> Text,
        label -> Text,
        provider_token -> Nullable<Binary>,
        currency -> Nullable<Text>,
        created_at -> Timestamp,
        removed_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    programme_roles (organization_id) {
        organization_id -> Binary,
        role -> Text,
    }
}

diesel::table! {
    enrolments (id) {
        id -> Binary,
        organization_id -> Binary,
        register_kind -> Text,
        register_number -> Text,
        register_country -> Text,
        website -> Text,
        website_confirmed_at -> Nullable<Timestamp>,
        terms_version -> Text,
        version -> Integer,
        created_at -> Timestamp,
    }
}

diesel::table! {
    enrolment_states (enrolment_id, valid_from) {
        enrolment_id -> Binary,
        organization_id -> Binary,
        state -> Text,
        live_role -> Nullable<Text>,
        reason -> Nullable<Text>,
        valid_from -> Timestamp,
        valid_to -> Nullable<Timestamp>,
    }
}

diesel::table! {
    affiliations (id) {
        id -> Binary,
        organization_id -> Binary,
        live_role -> Nullable<Text>,
        valid_from -> Timestamp,
        valid_to -> Nullable<Timestamp>,
    }
}

diesel::table! {
    partner_profiles (organization_id) {
        organization_id -> Binary,
        listed -> Bool,
        description -> Text,
        website -> Nullable<Text>,
        version -> Integer,
        changed_at -> Timestamp,
    }
}

diesel::table! {
    partner_profile_items (organization_id, kind, item) {
        organization_id -> Binary,
        kind -> Text,
        position -> Integer,
        item -> Text,
        part_of -> Nullable<Text>,
    }
}

diesel::table! {
    directory_words (word, organization_id) {
        word -> Binary,
        organization_id -> Binary,
    }
}

diesel::table! {
    backup_units (id) {
        id -> Binary,
        product_id -> Binary,
        name -> Text,
        group_name -> Nullable<Text>,
        quota -> BigInt,
        customer_id -> Nullable<Binary>,
        version -> Integer,
        created_at -> Timestamp,
        removed_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    partnerships (id) {
        id -> Binary,
        customer_id -> Binary,
        partner_id -> Binary,
        invitation_id -> Binary,
        tender_id -> Nullable<Binary>,
        agreed_at -> Timestamp,
        started_at -> Timestamp,
        scheduled -> Bool,
        ended_at -> Nullable<Timestamp>,
        ended_by -> Nullable<Binary>,
        end_reason -> Nullable<Text>,
        version -> Integer,
        assignments_version -> Integer,
    }
}

diesel::table! {
    customer_access (customer_id) {
        customer_id -> Binary,
        level -> Text,
    }
}

diesel::table! {
    partnership_terms (partnership_id, valid_from) {
        partnership_id -> Binary,
        customer_id -> Binary,
        partner_id -> Binary,
        level -> Text,
        payment_mode -> Nullable<Text>,
        live_level -> Nullable<Text>,
        valid_from -> Timestamp,
        valid_to -> Nullable<Timestamp>,
    }
}

diesel::table! {
    selections (partnership_id, product_id, valid_from) {
        partnership_id -> Binary,
        product_id -> Binary,
        customer_id -> Binary,
        valid_from -> Timestamp,
        valid_to -> Nullable<Timestamp>,
    }
}

diesel::table! {
    product_uses (partnership_id, day, product_id) {
        partnership_id -> Binary,
        product_id -> Binary,
        day -> Date,
    }
}

diesel::table! {
    exit_reports (partnership_id) {
        partnership_id -> Binary,
        report -> Text,
        created_at -> Timestamp,
    }
}

diesel::table! {
    payment_mode_proposals (id) {
        id -> Binary,
        partnership_id -> Binary,
        payment_mode -> Text,
        status -> Text,
        message -> Nullable<Text>,
        proposed_by -> Binary,
        created_at -> Timestamp,
        answered_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    assignments (id) {
        id -> Binary,
        partnership_id -> Binary,
        member_id -> Binary,
        narrowed -> Bool,
        valid_from -> Timestamp,
        valid_to -> Nullable<Timestamp>,
    }
}

diesel::table! {
    invitations (id) {
        id -> Binary,
        direction -> Text,
        status -> Text,
        customer_id -> Nullable<Binary>,
        customer_email -> Nullable<Text>,
        partner_id -> Binary,
        requested_level -> Text,
        requested_mode -> Nullable<Text>,
        granted_level -> Nullable<Text>,
        granted_mode -> Nullable<Text>,
        starts_at -> Nullable<Timestamp>,
        tender_id -> Nullable<Binary>,
        message -> Nullable<Text>,
        token_hash -> Binary,
        sent_at -> Timestamp,
        expires_at -> Timestamp,
        answered_at -> Nullable<Timestamp>,
        partnership_id -> Nullable<Binary>,
        created_by -> Binary,
        version -> Integer,
        created_at -> Timestamp,
    }
}

diesel::table! {
    invitation_products (invitation_id, product_id, granted) {
        invitation_id -> Binary,
        product_id -> Binary,
        granted -> Bool,
    }
}

diesel::table! {
    invitation_families (invitation_id, family) {
        invitation_id -> Binary,
        family -> Text,
    }
}

diesel::table! {
    invitation_replacements (invitation_id, partnership_id) {
        invitation_id -> Binary,
        partnership_id -> Binary,
    }
}

diesel::table! {
    invitation_mails (invitation_id, sent_at) {
        invitation_id -> Binary,
        sent_at -> Timestamp,
    }
}

diesel::table! {
    invitation_preferences (organization_id) {
        organization_id -> Binary,
        allow -> Text,
        version -> Integer,
    }
}

diesel::table! {
    refused_partners (organization_id, partner_id) {
        organization_id -> Binary,
        partner_id -> Binary,
    }
}

diesel::table! {
    families (code) {
        code -> Text,
        name -> Text,
    }
}

diesel::table! {
    price_lists (id) {
        id -> Binary,
        effective_from -> Timestamp,
        created_at -> Timestamp,
    }
}

diesel::table! {
    prices (family, currency, period, price_list_id) {
        price_list_id -> Binary,
        family -> Text,
        currency -> Text,
        period -> Text,
        list_minor -> BigInt,
        partner_rate_ppm -> Nullable<BigInt>,
        partner_minor -> Nullable<BigInt>,
    }
}

diesel::table! {
    volume_tiers (family, currency, period, price_list_id, minimum) {
        price_list_id -> Binary,
        family -> Text,
        currency -> Text,
        period -> Text,
        minimum -> BigInt,
        rate_ppm -> BigInt,
    }
}

diesel::table! {
    quotes (id) {
        id -> Binary,
        organization_id -> Binary,
        asked_by -> Binary,
        user_id -> Binary,
        acting_as -> Text,
        currency -> Text,
        payer_id -> Binary,
        partnership_id -> Nullable<Binary>,
        terms_from -> Nullable<Timestamp>,
        settled -> Text,
        created_at -> Timestamp,
        expires_at -> Timestamp,
    }
}

diesel::table! {
    orders (id) {
        id -> Binary,
        organization_id -> Binary,
        acting_as -> Text,
        partnership_id -> Nullable<Binary>,
        payer_id -> Binary,
        payment_method_id -> Nullable<Binary>,
        quote_id -> Nullable<Binary>,
        currency -> Text,
        charged_minor -> BigInt,
        created_by -> Nullable<Binary>,
        created_at -> Timestamp,
    }
}

diesel::table! {
    invoices (id) {
        id -> Binary,
        organization_id -> Binary,
        customer_id -> Binary,
        order_id -> Binary,
        status -> Text,
        payment_method_id -> Binary,
        currency -> Text,
        net_minor -> BigInt,
        vat_treatment -> Text,
        vat_rate_ppm -> BigInt,
        vat_minor -> BigInt,
        payer_country -> Text,
        payer_vat_number -> Nullable<Text>,
        issued_at -> Timestamp,
        settled_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    billing_events (id) {
        id -> Binary,
        kind -> Text,
        external_id -> Nullable<Text>,
        fingerprint -> Nullable<Binary>,
        customer_id -> Binary,
        partner_id -> Nullable<Binary>,
        partnership_id -> Nullable<Binary>,
        product_id -> Binary,
        family -> Text,
        quantity -> BigInt,
        period -> Text,
        initiator -> Text,
        payer -> Text,
        paid_by -> Text,
        currency -> Text,
        list_minor -> BigInt,
        public_minor -> BigInt,
        partner_minor -> BigInt,
        charged_minor -> BigInt,
        cashback_minor -> BigInt,
        discount_minor -> BigInt,
        volume_rate_ppm -> BigInt,
        partner_rate_ppm -> Nullable<BigInt>,
        units -> BigInt,
        settlement_rule -> Text,
        period_start -> Date,
        period_end -> Date,
        order_id -> Nullable<Binary>,
        refunds_id -> Nullable<Binary>,
        occurred_at -> Timestamp,
        recorded_at -> Timestamp,
    }
}

diesel::table! {
    ledger_transactions (id) {
        id -> Binary,
        kind -> Text,
        reason_id -> Binary,
        recorded_at -> Timestamp,
    }
}

diesel::table! {
    ledger_entries (id) {
        id -> Binary,
        transaction_id -> Binary,
        account -> Text,
        holder_id -> Nullable<Binary>,
        currency -> Text,
        amount_minor -> BigInt,
        recorded_at -> Timestamp,
    }
}

diesel::table! {
    rebilling_terms (partnership_id, version) {
        partnership_id -> Binary,
        version -> Integer,
        basis -> Text,
        rate_ppm -> BigInt,
        valid_from -> Timestamp,
        valid_to -> Nullable<Timestamp>,
    }
}

diesel::table! {
    payouts (id) {
        id -> Binary,
        organization_id -> Binary,
        payment_method_id -> Binary,
        currency -> Text,
        amount_minor -> BigInt,
        status -> Text,
        failure -> Nullable<Text>,
        requested_by -> Binary,
        requested_at -> Timestamp,
        processed_at -> Nullable<Timestamp>,
        settled_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    prepaid_accounts (organization_id, currency) {
        organization_id -> Binary,
        currency -> Text,
        debits -> BigInt,
    }
}

diesel::table! {
    events (id) {
        id -> Binary,
        #[sql_name = "type"]
        kind -> Text,
        customer_id -> Nullable<Binary>,
        partner_id -> Nullable<Binary>,
        subject -> Text,
        data -> Text,
        occurred_at -> Timestamp,
        position -> Nullable<BigInt>,
    }
}

diesel::table! {
    audit_log (id) {
        id -> Binary,
        event_id -> Nullable<Binary>,
        actor_id -> Nullable<Binary>,
        credential -> Nullable<Text>,
        organization_id -> Nullable<Binary>,
        partner_id -> Nullable<Binary>,
        partnership_id -> Nullable<Binary>,
        action -> Text,
        rule -> Nullable<Text>,
        subject -> Text,
        detail -> Text,
        before -> Nullable<Text>,
        after -> Nullable<Text>,
        request_id -> Nullable<Text>,
        address_digest -> Nullable<Binary>,
        recorded_at -> Timestamp,
        address -> Nullable<Text>,
        salt -> Nullable<Binary>,
        position -> Nullable<BigInt>,
        link -> Nullable<Binary>,
    }
}

diesel::table! {
    audit_heads (day) {
        day -> Date,
        position -> BigInt,
        link -> Binary,
        signature -> Binary,
        signed_at -> Timestamp,
    }
}

diesel::table! {
    leases (name) {
        name -> Text,
        owner -> Binary,
        expires_at -> Timestamp,
    }
}

diesel::table! {
    notifications (id) {
        id -> Binary,
        user_id -> Binary,
        event_id -> Binary,
        template -> Text,
        arguments -> Text,
        created_at -> Timestamp,
        read_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    notification_preferences (user_id, category) {
        user_id -> Binary,
        category -> Text,
        by_mail -> Bool,
    }
}

diesel::table! {
    mails (id) {
        id -> Binary,
        event_id -> Binary,
        recipient -> Text,
        user_id -> Nullable<Binary>,
        language -> Text,
        template -> Text,
        arguments -> Text,
        token -> Nullable<Binary>,
        created_at -> Timestamp,
        due_at -> Nullable<Timestamp>,
        attempts -> Integer,
        sent_at -> Nullable<Timestamp>,
        failure -> Nullable<Text>,
    }
}

diesel::table! {
    /// A view: everyone's place towards an organization, with the intervals it rests on.
    standings (user_id, organization_id, member_id) {
        user_id -> Binary,
        organization_id -> Binary,
        member_of -> Binary,
        member_id -> Binary,
        role -> Text,
        may_order -> Bool,
        member_from -> Timestamp,
        member_to -> Nullable<Timestamp>,
        partnership_id -> Nullable<Binary>,
        level -> Nullable<Text>,
        payment_mode -> Nullable<Text>,
        terms_from -> Timestamp,
        terms_to -> Nullable<Timestamp>,
        enrolment_state -> Nullable<Text>,
        enrolment_from -> Timestamp,
        enrolment_to -> Nullable<Timestamp>,
        narrowed -> Bool,
        assigned_from -> Timestamp,
        assigned_to -> Nullable<Timestamp>,
    }
}

diesel::joinable!(ledger_entries -> ledger_transactions (transaction_id));

diesel::table! {
    tenders (id) {
        id -> Binary,
        status -> Text,
        organization_id -> Nullable<Binary>,
        author_id -> Nullable<Binary>,
        subject -> Text,
        description -> Text,
        region -> Text,
        budget_minor -> Nullable<BigInt>,
        budget_currency -> Nullable<Text>,
        deadline -> Nullable<Timestamp>,
        contact_name -> Text,
        contact_email -> Text,
        contact_phone -> Text,
        language -> Text,
        opening_cap -> Nullable<Integer>,
        outcome -> Nullable<Text>,
        selected_id -> Nullable<Binary>,
        opened_at -> Nullable<Timestamp>,
        concluded_at -> Nullable<Timestamp>,
        expires_at -> Timestamp,
        version -> Integer,
        created_at -> Timestamp,
    }
}

diesel::table! {
    tender_families (tender_id, family) {
        tender_id -> Binary,
        family -> Text,
    }
}

diesel::table! {
    tender_languages (tender_id, language) {
        tender_id -> Binary,
        language -> Text,
    }
}

diesel::table! {
    tender_links (hash) {
        hash -> Binary,
        tender_id -> Binary,
        created_at -> Timestamp,
    }
}

diesel::table! {
    tender_preferences (organization_id) {
        organization_id -> Binary,
        wanted -> Bool,
        version -> Integer,
    }
}

diesel::table! {
    tender_preference_items (organization_id, kind, value) {
        organization_id -> Binary,
        kind -> Text,
        value -> Text,
    }
}

diesel::table! {
    tender_matches (partner_id, tender_id) {
        tender_id -> Binary,
        partner_id -> Binary,
    }
}

diesel::table! {
    tender_viewings (id) {
        id -> Binary,
        tender_id -> Binary,
        partner_id -> Binary,
        user_id -> Binary,
        viewed_at -> Timestamp,
    }
}

diesel::table! {
    proposals (id) {
        id -> Binary,
        tender_id -> Binary,
        partner_id -> Binary,
        status -> Text,
        text -> Text,
        price_minor -> Nullable<BigInt>,
        price_currency -> Nullable<Text>,
        valid_until -> Date,
        version -> Integer,
        created_at -> Timestamp,
        revised_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    support_codes (id) {
        id -> Binary,
        user_id -> Binary,
        customer_id -> Nullable<Binary>,
        partner_id -> Nullable<Binary>,
        lookup -> Binary,
        sealed -> Binary,
        valid_from -> Timestamp,
        valid_to -> Nullable<Timestamp>,
    }
}

diesel::table! {
    support_contracts (organization_id, valid_from) {
        organization_id -> Binary,
        plan -> Text,
        lookup -> Nullable<Binary>,
        sealed -> Nullable<Binary>,
        manager_name -> Nullable<Text>,
        manager_email -> Nullable<Text>,
        manager_phone -> Nullable<Text>,
        version -> Integer,
        valid_from -> Timestamp,
        valid_to -> Nullable<Timestamp>,
    }
}

diesel::table! {
    support_identifications (id) {
        id -> Binary,
        staff_id -> Binary,
        outcome -> Text,
        user_id -> Nullable<Binary>,
        submitted_at -> Timestamp,
    }
}

diesel::table! {
    support_grants (id) {
        id -> Binary,
        organization_id -> Binary,
        whole -> Bool,
        granted_by -> Binary,
        reason -> Nullable<Text>,
        valid_from -> Timestamp,
        valid_to -> Timestamp,
        revoked_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    support_grant_products (grant_id, product_id) {
        grant_id -> Binary,
        product_id -> Binary,
    }
}

diesel::table! {
    support_uses (id) {
        id -> Binary,
        grant_id -> Binary,
        staff_id -> Binary,
        operation -> Text,
        path -> Text,
        used_at -> Timestamp,
    }
}

diesel::table! {
    tender_questions (id) {
        id -> Binary,
        tender_id -> Binary,
        partner_id -> Binary,
        text -> Text,
        answer -> Nullable<Text>,
        asked_at -> Timestamp,
        answered_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    webhook_endpoints (id) {
        id -> Binary,
        organization_id -> Binary,
        url -> Text,
        description -> Text,
        event_types -> Text,
        secret -> Binary,
        old_secret -> Nullable<Binary>,
        old_secret_until -> Nullable<Timestamp>,
        disabled -> Nullable<Text>,
        failures -> Integer,
        failing_since -> Nullable<Timestamp>,
        rests_until -> Timestamp,
        leased_by -> Nullable<Binary>,
        leased_until -> Timestamp,
        version -> Integer,
        created_at -> Timestamp,
        removed_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    webhook_deliveries (id) {
        id -> Binary,
        endpoint_id -> Binary,
        event_id -> Binary,
        subject -> Text,
        position -> BigInt,
        state -> Text,
        failed -> Integer,
        due_at -> Timestamp,
        created_at -> Timestamp,
        finished_at -> Nullable<Timestamp>,
    }
}

diesel::table! {
    webhook_attempts (id) {
        id -> Binary,
        delivery_id -> Binary,
        attempted_at -> Timestamp,
        millis -> BigInt,
        status -> Nullable<Integer>,
        answer -> Text,
    }
}

diesel::joinable!(webhook_deliveries -> events (event_id));

diesel::allow_tables_to_appear_in_same_query!(
    users,
    operator_roles,
    password_failures,
    known_networks,
    sign_ups,
    password_resets,
    throttles,
    second_factors,
    recovery_codes,
    external_identities,
    sessions,
    refresh_tokens,
    api_tokens,
    signing_keys,
    stored_answers,
    organizations,
    memberships,
    member_invitations,
    products,
    teams,
    team_members,
    reached_products,
    renewal_ownerships,
    unit_counters,
    payment_methods,
    programme_roles,
    enrolments,
    enrolment_states,
    affiliations,
    partner_profiles,
    partner_profile_items,
    directory_words,
    backup_units,
    partnerships,
    customer_access,
    partnership_terms,
    selections,
    payment_mode_proposals,
    product_uses,
    exit_reports,
    assignments,
    invitations,
    invitation_products,
    invitation_families,
    invitation_replacements,
    invitation_mails,
    invitation_preferences,
    refused_partners,
    families,
    price_lists,
    prices,
    volume_tiers,
    quotes,
    orders,
    invoices,
    billing_events,
    ledger_transactions,
    ledger_entries,
    prepaid_accounts,
    payouts,
    rebilling_terms,
    events,
    audit_log,
    audit_heads,
    webhook_endpoints,
    webhook_deliveries,
    webhook_attempts,
    leases,
    mails,
    notifications,
    notification_preferences,
    standings,
    tenders,
    tender_families,
    tender_languages,
    tender_links,
    tender_preferences,
    tender_preference_items,
    tender_matches,
    tender_viewings,
    support_codes,
    support_contracts,
    support_identifications,
    support_grants,
    support_grant_products,
    support_uses,
    proposals,
    tender_questions,
);
