// SPDX-License-Identifier: MIT
// Which tests play each conversation that phones are known to have (E), each way in which one goes
// wrong (F), and what an implementation has to stand (N). A row without its tests fails, and the
// output counts the rows that were played.
#include <gtest/gtest.h>

#include <cstdio>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace {

enum class Kind { exchange, failure, acceptance };

struct Row {
    Kind kind;
    const char* name;
    std::vector<std::string> tests;
};

const std::vector<Row>& rows() {
    using enum Kind;
    static const std::vector<Row> all = {
        {exchange,
         "E1 first start-up: read in parts, written, cleaned up",
         {"WpiExchange.E1FirstStartUpIsReadInPartsWrittenAndCleanedUp",
          "WpiWire.N1AFirstStartUpIsAnsweredAsTheGuideHasItByteByByte"}},
        {exchange,
         "E1 each other start-up",
         {"WpiExchange.E1NextStartUpWritesWhatAPhoneNeedNotKeepAndNothingElse",
          "WpiExchange.E1ChangedFlagReadsAllAndWritesDifferencesOnly"}},
        {exchange,
         "E2 local changes with their values",
         {"WpiExchange.E2LocalChangesWithValuesAreRecordedAndCleanedUp"}},
        {exchange,
         "E2 local changes up to V2R1",
         {"WpiExchange.E2LocalChangesOfOldFirmwareAreReadAndCleanedUp"}},
        {exchange,
         "E3 contact-me, solicited, read",
         {"ContactMe.SendsTheRequestAndHasArrivedWith204", "WpiExchange.E3SolicitedRunsAReadJob"}},
        {exchange,
         "E4 a poll, nothing pending",
         {"PollsOnTheWire.AreAnsweredAsTheGuideHasIt",
          "WpiExchange.E4NothingIsPendingForAConfiguredPhone"}},
        {exchange,
         "E5 a poll, a job pending",
         {"PollsOnTheWire.AreAnsweredAsTheGuideHasIt", "Polls.SayPendingUntilTheJobIsClaimed",
          "WpiExchange.E5APendingJobIsDoneWhenThePhoneCalls",
          "WpiExchange.E5APendingChangeIsWrittenWhenThePhoneCalls"}},
        {exchange, "E6 restart", {"WpiExchange.E6RestartIsConfirmedByTheNextStartUp"}},
        {exchange, "E6 factory reset", {"WpiExchange.E6FactoryResetIsSentWhereItIsAllowedOnly"}},
        {exchange,
         "E7 one file",
         {"WpiExchange.E7OneFileIsFetchedAndItsStatusEndsTheJob",
          "WpiExchange.E7AFileIsForItsPhoneAndItsTime"}},
        {exchange, "E8 firmware", {"WpiFirmware.E8IsFetchedAndTheStartUpThatRunsItEndsTheJob"}},

        {failure,
         "FA items that are not taken",
         {"WpiFailure.FAItemErrorsAreKeptAndTheJobIsDoneWithErrors",
          "WpiFailure.FAAValueThatWasRefusedIsNotPending",
          "WpiFailure.FAAnItemThatThePhoneDoesNotKnowIsOfferedOnce"}},
        {failure, "FB busy", {"WpiFailure.FBBusyPhoneRemembersToCallAndTheJobWaits"}},
        {failure,
         "FB busy again",
         {"WpiFailure.FBAPhoneThatIsBusyAgainIsToldAgainAndTheJobWaits",
          "WpiFailure.FBAPhoneThatWasBusyOftenIsNotOneThatDoesNotAnswer"}},
        {failure,
         "FB busy, before V3R3",
         {"WpiFailure.FBBusyPhoneOfOldOrUnknownFirmwareIsNotToldToCall",
          "Plan.AnEarlyPhoneInACallIsAskedEvery300SecondsForADay"}},
        {failure, "FB busy for a day", {"WpiFailure.FBAJobOfAPhoneThatIsBusyForADayIsGivenUp"}},
        {failure, "FB failed", {"WpiFailure.FBFailedEndsTheJobWithoutAnotherTry"}},
        {failure,
         "FC the phone gives up",
         {"WpiFailure.FCThePhoneGivesUpAndTheJobFailsWithItsWords"}},
        {failure,
         "FD an unknown phone",
         {"WpiFailure.FDAnUnknownPhoneIsHeardAndCleanedUp",
          "WpiFailure.FDABlockedPhoneIsCleanedUpAlsoInTheMiddle"}},
        {failure,
         "FD no MAC",
         {"WpiFailure.FDWithoutAMacAPhoneIsKnownByItsNumberWhereTheNeighbourTableShowsIt"}},
        {failure,
         "FD no database",
         {"WpiFailure.FDWithADatabaseThatTakesNothingNothingIsSentAndNothingIsLost",
          "WpiFailure.FDAWindowThatCannotBeMarkedSpentGivesNoSecret"}},
        {failure,
         "FD no items",
         {"WpiFailure.FDItemsThatCannotBeMadeAreCleanedUpAndTold",
          "WpiFailure.FDAPasswordThatOldFirmwareWouldReadWronglyIsToldAndNotWritten"}},
        {failure, "FD overload", {"WpiFailure.FDOverloadIsSaid"}},
        {failure,
         "FE malformed XML, no nonce",
         {"WpiFailure.FEMalformedXmlAndNoNonceGetAnEmpty400",
          "WpiWire.FENonsenseGetsAnEmpty400AndTheNextMessageItsAnswer"}},
        {failure, "FE another path or method", {"WpiFailure.FEOtherPathsAndMethodsAreRefused"}},
        {failure,
         "FF a contact-me that is refused or answered otherwise",
         {"ContactMe.SaysWhatWasWrong", "Calls.APhoneThatRefusesIsToldOf"}},
        {failure,
         "FF a contact-me without an answer",
         {"ContactMe.WaitsNoLongerThanItsDeadlines",
          "Plan.AfterFiveAttemptsTheJobWaitsForThePhonesOwnContact"}},
        {failure,
         "FF a contact-me that is answered, and silence",
         {"Plan.APhoneHas60SecondsToComeAndIsAskedAgainAfterItsGapAndAFewSecondsByChance",
          "Calls.APhoneThatDoesNotComeIsAskedAgainByItself"}},
        {failure,
         "FH a reply without a conversation",
         {"WpiFailure.FHAReplyWithoutASessionIsCleanedUp"}},
        {failure,
         "FH a reply to what was not asked",
         {"WpiFailure.FHAnAnswerToWhatWasNotAskedIsCleanedUp"}},
        {failure, "FH an unknown reason", {"WpiFailure.FHAnUnknownReasonIsCleanedUp"}},
        {failure,
         "FH another phone's MAC in the middle",
         {"WpiFailure.FHAnotherMacInTheMiddleEndsTheConversation"}},
        {failure,
         "FH silence in the middle",
         {"WpiFailure.FHAPhoneThatFallsSilentLeavesItsJobInTheQueue"}},
        {failure,
         "FI a restart that is not confirmed",
         {"WpiExchange.E6RestartWithoutConfirmationIsGivenUp"}},
        {failure,
         "FI a file that fails, or of which nothing is heard",
         {"WpiExchange.E7AStatusThatFailedAndOneThatNeverComesEndTheJob"}},
        {failure,
         "FI firmware that is not taken, or of which nothing is heard",
         {"WpiFirmware.E8ThatIsNotTakenFailsAndIsNotSentAgain",
          "WpiFirmware.E8AnImageThatDoesNotComeOrAPhoneThatDoesNotEndsTheJob",
          "WpiFirmware.E8WaitsForTheEndOfACall",
          "WpiFirmware.E8IsNotSentWhereThePhoneRunsItOrAnotherKind"}},
        {failure,
         "FI a nonce that was used before",
         {"WpiAcceptance.N1AConversationMayKeepToOneNonceAndAReplayIsNoted"}},
        {failure,
         "FI polls, and no call",
         {"Polls.InVainAreAWarningOnce", "Polls.OfAPhoneThatNeverCallsAreToldSoRarely"}},

        {acceptance,
         "N1 byte by byte",
         {"WpiWire.N1AFirstStartUpIsAnsweredAsTheGuideHasItByteByByte",
          "WpiAcceptance.N1TheNonceIsRepeatedByteForByte"}},
        {acceptance,
         "N2 odd spellings",
         {"WpiAcceptance.N2OddSpellingsAreRead", "PhoneMessage.IsReadWhateverItsFormIs"}},
        {acceptance,
         "N3 two phones at a time",
         {"WpiAcceptance.N3TwoPhonesInterleavedAreKeptApart"}},
        {acceptance,
         "N3 two phones behind one address",
         {"WpiAcceptance.N3TwoPhonesBehindOneAddressAreKeptApart"}},
        {acceptance,
         "N4 a reply in three parts",
         {"WpiAcceptance.N4AReplyInThreePartsIsPutTogether"}},
        {acceptance, "N4 a part that is lost", {"WpiAcceptance.N4ALostPartLeavesNoHalfState"}},
        {acceptance,
         "N5 a job, a busy phone and its restart",
         {"WpiAcceptance.N5AJobOutlivesABusyPhoneThatRestarts",
          "WpiAcceptance.N5AJobOutlivesAPhoneThatRestartsInTheMiddleAndAlsoUs"}},
        {acceptance,
         "N6 polls follow the queue",
         {"Polls.SayWhetherSomethingIsPendingAndNothingElse",
          "Polls.SayPendingUntilTheJobIsClaimed"}},
        {acceptance,
         "N6 a stranger's poll",
         {"Polls.OfAStrangerAreAnsweredLikeThoseOfAnIdlePhoneAndLeaveNothing"}},
        {acceptance, "N6 a poll without a MAC", {"Polls.WithoutAMacAreBadRequests"}},
        {acceptance,
         "N7 the gap between two contact-mes",
         {"Plan.TheGapIsThePhonesOwnButNeverLessThanAMinute",
          "Plan.NoPhoneIsEverAskedTwiceInAMinute"}},
        {acceptance,
         "N7 a contact-me-uri that points elsewhere",
         {"ContactMeTarget.IsNeverAThirdHost", "ContactMe.FollowsNoRedirect"}},
        {acceptance,
         "N9 a DTD",
         {"HostileMessage.WithADoctypeIsRefusedUnread", "WpiAcceptance.N9HostileXmlIsRefusedAtOnce",
          "HostileMessage.WithoutADeclaredEntityIsRefused"}},
        {acceptance,
         "N9 100 MB",
         {"HostileMessage.OfAHundredMegabytesIsRefusedUnread",
          "WpiWire.N9AHundredMegabytesAreRefusedByTheirHead"}},
        {acceptance, "N9 deep nesting", {"HostileMessage.ThatNestsIsRefusedUnread"}},
        {acceptance, "N9 bytes that are no text", {"HostileMessage.OfBytesThatAreNoTextIsRefused"}},
        {acceptance,
         "N10 no secret in logs",
         {"WpiAcceptance.N10NoSecretAppearsInLogsTimelinesOrMemory"}},
    };
    return all;
}

/// Known rows of what is not offered, so that nobody takes them for tested.
constexpr const char* not_offered =
    "not offered, so without a test: Secure Mode (FG, N8), several files in one action and files "
    "by FTP (E7)";

const std::map<std::string, const testing::TestInfo*>& tests() {
    static const std::map<std::string, const testing::TestInfo*> all = [] {
        std::map<std::string, const testing::TestInfo*> found;
        const auto* unit = testing::UnitTest::GetInstance();
        for (int i = 0; i < unit->total_test_suite_count(); ++i) {
            const auto* suite = unit->GetTestSuite(i);
            for (int k = 0; k < suite->total_test_count(); ++k) {
                const auto* test = suite->GetTestInfo(k);
                found[std::string(suite->name()) + "." + test->name()] = test;
            }
        }
        return found;
    }();
    return all;
}

bool was_played(const Row& row) {
    for (const auto& name : row.tests) {
        const auto found = tests().find(name);
        if (found == tests().end() || !found->second->should_run() ||
            !found->second->result()->Passed()) {
            return false;
        }
    }
    return !row.tests.empty();
}

/// Behind all tests: says how many rows were played.
class Count : public testing::Environment {
  public:
    void TearDown() override {
        const auto* unit = testing::UnitTest::GetInstance();
        if (unit->test_to_run_count() < 2) {
            return; // one by one, as ctest runs them
        }
        std::map<Kind, std::size_t> played;
        std::map<Kind, std::size_t> known;
        for (const auto& row : rows()) {
            ++known[row.kind];
            played[row.kind] += was_played(row) ? 1U : 0U;
        }
        std::printf("%zu of %zu exchanges of the Workpoint Interface played, %zu of %zu failure "
                    "rows, %zu of %zu acceptance rows; %s\n",
                    played[Kind::exchange], known[Kind::exchange], played[Kind::failure],
                    known[Kind::failure], played[Kind::acceptance], known[Kind::acceptance],
                    not_offered);
        if (unit->test_to_run_count() == unit->total_test_count()) {
            EXPECT_EQ(played, known) << "a row was not played: its test failed or was skipped";
        }
    }
};

[[maybe_unused]] const auto* const count = testing::AddGlobalTestEnvironment(new Count);

TEST(Rows, HaveTheirTests) {
    std::set<std::string> names;
    std::set<std::string> played;
    for (const auto& row : rows()) {
        EXPECT_TRUE(names.insert(row.name).second) << row.name << " stands there twice";
        EXPECT_FALSE(row.tests.empty()) << row.name;
        for (const auto& test : row.tests) {
            EXPECT_EQ(tests().count(test), 1U) << row.name << ": there is no test " << test;
            played.insert(test);
        }
    }
    for (const auto& [name, test] : tests()) {
        const std::string suite = test->test_suite_name();
        if (suite == "WpiExchange" || suite == "WpiFirmware") {
            continue; // more of a row that has its test
        }
        if (suite == "WpiFailure" && name.find(".FHTwo") == std::string::npos &&
            name.find(".FHMany") == std::string::npos) {
            EXPECT_EQ(played.count(name), 1U) << name << " is of no row";
        }
    }
}

} // namespace
