// SPDX-License-Identifier: MIT
// The messages of RFC 4475, made SUBSCRIBEs for ua-profile and answers to a NOTIFY: each has the
// outcome that tests/data/pnp/torture/outcomes.tsv tells, and nobody but the phone is sent a thing.
#include "desk.hpp"

#include <algorithm>
#include <ostream>
#include <set>

namespace pnp {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

struct Torture {
    std::string name;
    std::string section;
    std::string wanted; ///< by the RFC
    std::string outcome;
    std::string difference; ///< why ours is another; "-": it is none
};

void PrintTo(const Torture& torture, std::ostream* out) {
    *out << torture.name << ", RFC 4475 " << torture.section;
}

std::vector<Torture> all_of(const std::set<std::string_view>& outcomes) {
    std::vector<Torture> chosen;
    const std::string table = data("torture/outcomes.tsv");
    for (const auto line : base::split(table, '\n')) {
        const auto cells = base::split(line, '\t');
        if (cells.size() == 5 && outcomes.count(cells[3]) != 0) {
            chosen.push_back({std::string(cells[0]), std::string(cells[1]), std::string(cells[2]),
                              std::string(cells[3]), std::string(cells[4])});
        }
    }
    return chosen;
}

std::string name_of(const testing::TestParamInfo<Torture>& each) {
    std::string name = each.param.name;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}

class TortureDesk : public ResponderDesk, public testing::WithParamInterface<Torture> {
  protected:
    std::string message() const { return data("torture/" + GetParam().name + ".sip"); }

    /// The parameters of a Contact's URI; those behind a URI without <> are not its own.
    std::string behind() const {
        return GetParam().name == "esc01"      ? ";%6C%72;n%61me=v%61lue%25%34%31"
               : GetParam().name == "cparam02" ? ";unknownparam"
                                               : "";
    }
};

class AnsweredTorture : public TortureDesk {};

TEST_P(AnsweredTorture, BringsOne200AndOneNotifyToThePhone) {
    hears(message());
    pass(20ms);
    const auto all = sent();
    ASSERT_THAT(all, SizeIs(2));
    EXPECT_THAT(all[0].bytes, StartsWith("SIP/2.0 200 OK\r\nVia: SIP"));
    EXPECT_THAT(all[1].bytes, StartsWith("NOTIFY sip:"));
    // RFC 3261 19.1.1: no headers in a Request-URI, such as a Contact may have.
    EXPECT_THAT(all[1].bytes.substr(0, all[1].bytes.find('\r')),
                testing::AllOf(testing::EndsWith("@192.0.2.89:60000" + behind() + " SIP/2.0"),
                               testing::Not(HasSubstr("Route="))));
    EXPECT_THAT(all[1].bytes, testing::EndsWith("\r\n\r\nhttp://192.0.2.10:8080/p/9k3v7q/"));
    for (const Sent& each : all) {
        EXPECT_EQ(each.path.to, at("192.0.2.89:60000"));
    }
    ASSERT_THAT(asked, SizeIs(1));
    EXPECT_THAT(asked[0].mac.str(), StartsWith("001fc14475"));
    EXPECT_FALSE(asked[0].mac_by_neighbour);
}

TEST_P(AnsweredTorture, BringsTheSame200AndNoSecondNotifyWhenRepeated) {
    hears(message());
    pass(20ms);
    const auto before = sent();
    ASSERT_THAT(before, SizeIs(2));
    hears(message());
    pass(20ms);
    const auto again = sent();
    ASSERT_THAT(again, SizeIs(1));
    EXPECT_EQ(again[0].bytes, before[0].bytes);
}

INSTANTIATE_TEST_SUITE_P(Rfc4475,
                         AnsweredTorture,
                         testing::ValuesIn(all_of({"answered"})),
                         name_of);

class SilentTorture : public TortureDesk {};

TEST_P(SilentTorture, BringsNotOneDatagram) {
    hears(message());
    pass(60s);
    EXPECT_THAT(sent(), IsEmpty());
    EXPECT_THAT(asked, IsEmpty());
    EXPECT_EQ(counters().malformed + counters().not_ours, 1U);
    EXPECT_EQ(responder.transactions(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Rfc4475, SilentTorture, testing::ValuesIn(all_of({"silent"})), name_of);

/// What comes instead of a phone's answer to its NOTIFY.
class AnswerTorture : public TortureDesk {};

TEST_P(AnswerTorture, EndsTheRepeatsOfTheNotifyOrDoesNot) {
    hears(data("htek.sip"));
    pass(10ms);
    ASSERT_THAT(sent(), SizeIs(2));
    hears(message(), "192.0.2.89:60000", 2, Channel::unicast);
    pass(2s);
    const auto repeats = sent();
    EXPECT_EQ(repeats.empty(), GetParam().outcome == "taken");
    for (const Sent& each : repeats) {
        EXPECT_EQ(each.path.to, at("192.0.2.89:60000"));
    }
}

INSTANTIATE_TEST_SUITE_P(Rfc4475,
                         AnswerTorture,
                         testing::ValuesIn(all_of({"taken", "ignored"})),
                         name_of);

TEST(Torture, IsCompleteAndSaysWhyAnOutcomeIsNotTheRfcs) {
    const auto all = all_of({"answered", "silent", "taken", "ignored"});
    std::set<std::string> sections;
    for (const Torture& each : all) {
        sections.insert(each.section);
        const bool as_wanted = each.wanted == each.outcome ||
                               (each.wanted == "well-formed" &&
                                (each.outcome == "answered" || each.outcome == "taken"));
        EXPECT_EQ(each.difference == "-", as_wanted) << each.name;
    }
    EXPECT_THAT(sections, SizeIs(49));
}

using Branchless = ResponderDesk;

// RFC 4475 3.2.1: the cookie by itself identifies nothing.
TEST_F(Branchless, TwoPhonesWithTheCookieForABranchAreTwo) {
    hears(data("torture/badbranch.sip"));
    hears(data("torture/badbranch-second.sip"));
    pass(20ms);
    EXPECT_THAT(sent(), SizeIs(4));
    EXPECT_THAT(asked, SizeIs(2));
}

} // namespace
} // namespace pnp
