"""The words by which programmers ask for work: features with names, as data.

What each feature weighs stands in ``weights``; how words are found is in ``hearing``. A phrase of
several words is joined by underscores. To add a feature, give it a name and its words here, and
run ``python bench/workload.py --fit``.
"""

from dataclasses import dataclass
from typing import Final

__all__ = ["FILLERS", "LEADING", "PARTS", "SAID", "Feature"]


@dataclass(frozen=True, slots=True)
class Feature:
    """Words that speak for a kind of work."""

    name: str
    """As it is shown to a person."""
    words: str
    """Words and phrases, apart by spaces; the words of a phrase are joined by underscores."""

    @property
    def phrases(self) -> tuple[tuple[str, ...], ...]:
        """The phrases, word by word."""
        return tuple(tuple(phrase.split("_")) for phrase in self.words.split())


def _words(said: str) -> tuple[str, ...]:
    return tuple(said.split())


LEADING: Final = (
    Feature(
        "asks to plan",
        "design plan propose outline sketch think brainstorm evaluate compare weigh consider "
        "argue review assess suggest recommend discuss rethink estimate critique draft decide "
        "reason imagine judge advise explore define prepare list_everything consolidate "
        "put_together",
    ),
    Feature(
        "asks to find the cause",
        "fix debug investigate diagnose trace track bisect reproduce figure troubleshoot "
        "solve repair",
    ),
    Feature(
        "asks to build",
        "implement build migrate refactor integrate rewrite introduce port convert split "
        "extract upgrade teach extend support wire modernise modernize overhaul rework "
        "restructure swap enable start continue proceed finish turn bring give_the get_the "
        "drop_support make_it switch add_support",
    ),
    Feature(
        "asks for a small change",
        "rename remove delete drop change set move replace bump pin sort uncomment comment "
        "indent format reformat lowercase capitalise capitalize inline correct lower raise "
        "increase decrease put take use strip revert undo cast mark flip wrap update run make "
        "add swap fix shorten lint align nit increment toggle call turn_that turn_it "
        "turn_this",
    ),
    Feature(
        "asks to write out",
        "generate scaffold stub create write give make spit throw fill set need produce set_up",
    ),
    Feature(
        "asks for fewer words",
        "summarise summarize recap condense sum describe list shorten boil rephrase pull "
        "explain translate report extract document overview compress collect bring_me get_me "
        "catch_me highlight outline_in group",
    ),
    Feature(
        "begins as a question",
        "what where which who when how is are does do can has have did was were whats what's "
        "where's who's will any",
    ),
    Feature(
        "states something",
        "the it my this that there something somebody someone we users customers people some "
        "our only after since when if numbers every most all everything a an none nobody both "
        "sometimes sorting clicking opening pressing each these those half its his her they",
    ),
)
"""Heard where a sentence begins, after the fillers."""

SAID: Final = (
    Feature(
        "speaks of a plan",
        "design architecture approach strategy proposal propose proposals trade_off tradeoff "
        "tradeoffs trade_offs pros_and_cons pros roadmap rfc adr options alternatives concept "
        "idea ideas risk risks effort milestones rollout boundary boundaries abstraction "
        "granularity threat_model data_model best_way better_way cleanest overkill worth "
        "worth_it realistic bottleneck downtime versioning convince convinced recommend "
        "recommendation opinion thoughts think reasoning downsides upsides whether "
        "in_which_order in_what_order no_code not_the_code before_coding before_implementing "
        "before_we before_you step_by_step your_take take_on smart good_idea bad_idea lean "
        "advice torn implications consolidate second_opinion the_plan a_plan go_about buy_us "
        "get_away big_bang zero_downtime commit_to contracts interfaces between_the rethink "
        "alternative sensible wise sane feasible viable worthwhile overengineered scale "
        "scales future_proof suggestion suggestions",
    ),
    Feature(
        "weighs what should be",
        "should_we should_this should_the should_it should_i how_would how_should how_could "
        "could_we would_you would_it would_a what_would what_would_you which_of how_can_we "
        "how_far how_do_you_suggest how_do_you_want if_we what_if do_you_see do_we_keep "
        "does_it_make_sense make_sense is_it_worth where_should when_should instead_of or "
        "which_one which_parts which_should is_it_smart is_it_a is_it_ok_to is_it_better "
        "do_you_think would_splitting would_this or_would or_should how_do_we how_would_you "
        "how_you_would would_be need_to_be should_be_thrown",
    ),
    Feature(
        "asks for the cause",
        "debug investigate root_cause find_out figure_out track_down why_is why_does why_do "
        "why_are why_did find_out_why what_went_wrong any_idea any_clue no_clue reason "
        "how_come what_are_we_missing what_could look_into have_a_look reproduce bisect "
        "what_causes where_it_comes_from what's_wrong whats_wrong",
    ),
    Feature(
        "something goes wrong",
        "fail fails failed failing failure failures error errors exception traceback crash "
        "crashes crashed crashing bug bugs bugged broken breaks broke hang hangs hanging hung "
        "deadlock deadlocks flaky leak leaks leaking regression regressed wrong incorrect "
        "segfault segmentation panic panics stuck freezes freeze frozen killed oom corrupt "
        "corrupted garbled denied refused timeout times_out timed_out time_out stale "
        "duplicate duplicated duplicates stacktrace stack_trace trace red mismatch undefined "
        "nan unreachable conflict complains crashloopbackoff exit_code exits lost losing "
        "disappears disappeared vanishes overwrites overwritten off_by slow slower unexpected "
        "weird strange odd random randomly sometimes intermittent intermittently twice "
        "twice_each ignores ignored gone missing closed drops dropped stopped stopped_working "
        "worse unauthorized forbidden warning warnings core_dumped cannot_read cannot_find "
        "out_of_memory spikes growing grows keeps_growing hole holes double doubled idle "
        "piling pile eats eaten 0_bytes empty differ differs undefined_symbol conflicts "
        "no_sense makes_no jumps flickers flicker swallowed swallows misses too_high too_low "
        "too_many too_early too_late is_off are_off should_have instead_of rather_than "
        "cuts_off truncated grey overlaps overlap jumped delayed never_arrives",
    ),
    Feature(
        "something is not so",
        "doesn't don't isn't aren't wasn't didn't won't can't cannot couldn't hasn't haven't "
        "never nothing not no_longer not_working does_not is_not has_no no_effect unable "
        "not_being no_errors",
    ),
    Feature(
        "tells when it began",
        "since after_the after_i after_upgrading after_a after_updating since_yesterday "
        "yesterday last_night used_to still again same_error same_assertion every_time out_of "
        "as_before as_soon when_i if_you under_load at_random locally_all in_production "
        "on_production in_safari only_from happens_with all_of_a_sudden anymore any_more",
    ),
    Feature(
        "shows what is seen",
        "i_get i_got it_says getting it_returns returns_an i_expected i_see users_say "
        "users_get it_takes takes it_works works_in works_locally shows_nothing the_page "
        "the_app the_tests the_test my_changes i_can't_reproduce right_after log_i "
        "logs_attached see_log see_the_log here_is_the see_trace",
    ),
    Feature(
        "speaks of a feature",
        "feature support endpoint endpoints page pages screen screens dashboard login sign_in "
        "auth authentication permission permissions role roles checkout payments payment "
        "notifications notification search export import importer exporter pagination "
        "preferences settings invites admin backend frontend server_side ui api webhook "
        "webhooks integration module modules service services package app plugin plugins "
        "flags queue consumer storage backends dark_mode offline i18n mobile user_interface "
        "cli sdk wizard archive rate_limiting tracing telemetry history library auto_update "
        "synchronised synchronized websocket runner tenants multi_currency undo_redo drag "
        "shortcuts import_wizard report_page",
    ),
    Feature(
        "a change across the code",
        "across throughout everywhere all_the all_of all_services all_list all_our every "
        "whole entire end_to_end codebase project both all_screens in_all each_of existing "
        "everything callers over_to whatever both_apps all_handlers any_place the_project "
        "the_app the_code the_whole suite_to wherever per_plan over_the",
    ),
    Feature(
        "says for whom",
        "users_should users_need users_can let_users let_people people_should "
        "customers_should we_need we_want able_to make_it_possible so_that keep_the_tests "
        "keep_it_working nobody's it_should_be_possible should_be_able nobody_may i_want_the "
        "so_people make_it",
    ),
    Feature(
        "wants it tested and documented",
        "with_tests and_tests tests_green cover_them document_it and_document and_docs "
        "the_docs fix_everything update_all adapt accordingly and_ui with_invalidation "
        "and_fix deal_with everything_that",
    ),
    Feature(
        "go on with what was agreed",
        "go_ahead do_it implement_the_plan the_plan_we start_on step next_part we_discussed "
        "we_talked you_described we_agreed as_discussed as_planned continue_with "
        "the_refactoring let's_do_it remaining same_structure same_for next_module "
        "the_mockups the_spec finish_the carry_on",
    ),
    Feature(
        "a small change said exactly",
        "typo spelling spelled misspelled unused import imports semicolon comma whitespace "
        "spaces tabs quotes quote blank_line line lines column columns alphabetical "
        "alphabetically order colour color width height margin padding label labels heading "
        "caption footer constant variable variables parameter argument arguments keyword_only "
        "readonly private static final const f_string print console_log log_level flag "
        "default link year name the_name instead_of rename renamed formatter format field "
        "fields that_line this_line the_line from_to trailing uppercase lowercase prefix "
        "suffix version nit on_line at_line line_number called limit newline header condition "
        "icon font font_size case_insensitive async sync operator bracket brackets "
        "indentation wording staging hex upper lower above below has_to_go regex",
    ),
    Feature(
        "written the same everywhere",
        "boilerplate skeleton scaffold scaffolding stub stubs template templates docstring "
        "docstrings jsdoc javadoc getters setters getter setter dataclass dto dtos pydantic "
        "crud fixture fixtures factory factories gitignore dockerfile docker_compose licence "
        "license header headers type_hints placeholder placeholders sample_data mock_data "
        "fake dummy seed config_file makefile editorconfig workflow_file workflow eslint "
        "prettier pre_commit tsconfig requirements pyproject systemd unit_test enum interface "
        "model mapper migration component constructor repr eq tostring equals hello_world "
        "health_route manifest yaml json contributing annotations annotation swagger protobuf "
        "message_for helm chart crate builder hashcode issue_template nginx bash_script "
        "example_records records readme_section apache create_table columns comments "
        "getter_setter starter",
    ),
    Feature(
        "of the usual kind",
        "usual standard basic simple minimal empty bare bare_bones plain default "
        "nothing_fancy the_usual standard_stuff initial blank new like_the_other "
        "like_the_others nothing_else small",
    ),
    Feature(
        "wants fewer words",
        "summary summarise summarize tl_dr tldr recap gist commit_message commit_msg "
        "release_notes changelog pr_description pull_request description takeaways highlights "
        "key_points main_points bullet_points bullets bullet briefly brief short shorter "
        "in_short one_line one_sentence sentences two_sentences one_paragraph paragraph "
        "half_a_page nutshell in_a_nutshell standup stand_up status status_update overview "
        "abstract announcement handover action_items open_questions outcome so_far "
        "what_changed did_we what_have_we have_you_found what_was_decided were_decided "
        "we_decided did_i_miss what_did wrap_up table_of_contents plain_words simple_words "
        "to_my to_the_team findings left_to_do thread conversation session condense executive "
        "half_a_sentence sentence short_version up_to_date essentials non_technical "
        "bring_me_up understandable achieve achieved differences_between todos left_to "
        "what_is_left bullet_list put_the_results catch_up",
    ),
    Feature(
        "asks where or what",
        "where_is where_are where_do where_does where_was what_is what_does what's what_are "
        "which_file which_files which_version which_port which_test which_tests which_package "
        "who_calls who_wrote who_owns is_there are_there does_anything how_many how_big "
        "how_long how_do_i how_does how_is how_are meaning_of defined definition usages uses "
        "used_anywhere difference_between the_difference called show_me remind_me "
        "tell_me_which do_we_have do_we_use do_i_need can_i is_this is_it is_the does_the "
        "does_that does_it does_this are_we is_that find_the what_happens what_type what_env "
        "has_the stands_for mean explain_this in_which what_version anything already "
        "configured stored located which_branch which_python in_which_file where_can "
        "in_what_file how_old how_often used_for still_a is_there_a what_port are_there_tests "
        "who_uses who_is does_anyone do_the what_is_the",
    ),
)
"""Heard anywhere."""

FILLERS: Final = frozenset(
    _words(
        "ok okay so now please pls can could would will hey hi just then also and you go "
        "ahead let's lets let us hmm well right actually maybe i i'd i'm want need like to we "
        "we'd kindly quickly next first finally again"
    )
)
"""Said before the word that says what to do."""
PARTS: Final = frozenset(
    _words(
        "ui frontend backend server client api docs documentation tests database db mobile "
        "web routes handlers services pages button settings email queue worker models urls "
        "cli library emails migration webhook permissions storage templates"
    )
)
"""Parts that a program has: who names several of them asks for a change across them."""
