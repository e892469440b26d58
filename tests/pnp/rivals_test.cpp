// SPDX-License-Identifier: MIT
// Other servers are told by what only servers say, and found by a question of ours.
#include "desk.hpp"

namespace pnp {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

class Rivals : public ResponderDesk {
  protected:
    /// What another server says to a phone that sent `subscribe`.
    static std::string ok(const std::string& subscribe) {
        return with(answer_to(subscribe), "Content-Length",
                    "User-Agent: FreePBX 16\r\nContent-Length");
    }

    static std::string notify(const std::string& call_id) {
        return "NOTIFY sip:MAC001fc1000001@192.0.2.89:60000 SIP/2.0\r\n"
               "Via: SIP/2.0/UDP 192.0.2.66:5060;branch=z9hG4bKrival\r\n"
               "From: <sip:MAC001fc1000001@224.0.1.75>;tag=rival\r\n"
               "To: <sip:MAC001fc1000001@224.0.1.75>;tag=70411247\r\n"
               "Call-ID: " +
               call_id +
               "\r\nCSeq: 1 NOTIFY\r\nEvent: ua-profile\r\n"
               "Subscription-State: terminated\r\nContent-Type: application/url\r\n"
               "Content-Length: 43\r\n\r\nhttp://admin:s3cret@192.0.2.66:8080/p/token";
    }

    /// Starts a probe and returns its questions.
    std::vector<Sent> ask() {
        responder.probe([this](std::vector<Rival> heard) { found = std::move(heard); });
        return sent();
    }

    std::optional<std::vector<Rival>> found;
};

TEST_F(Rivals, AnAnswerToAPhoneOfOursIsInItsTimeline) {
    hears(data("htek.sip"));
    notes();
    hears(ok(data("htek.sip")), "192.0.2.66:5060", 2, Channel::unicast);
    EXPECT_THAT(notes(), ElementsAre("rival_heard: 192.0.2.66 answers it too"));
}

TEST_F(Rivals, AUrlForAPhoneOfOursIsToldByItsHostAlone) {
    hears(notify("of-another-dialog"), "192.0.2.66:5060");
    EXPECT_THAT(notes(), ElementsAre("rival_heard: 192.0.2.66 sends it to 192.0.2.66:8080"));
    EXPECT_THAT(sent(), IsEmpty());
}

TEST_F(Rivals, WhoShoutsAboutPhonesOfOursWritesNoLongTimeline) {
    for (int i = 0; i < 1000; ++i) {
        hears(notify(std::to_string(i)), "192.0.2.66:5060");
    }
    EXPECT_THAT(notes(), SizeIs(testing::Le(5U)));
}

TEST_F(Rivals, APhoneThatNobodyKnowsHasNoStoryToTellItIn) {
    approved_at.reset();
    hears(notify("of-another-dialog"), "192.0.2.66:5060");
    EXPECT_THAT(notes(), IsEmpty());
}

TEST_F(Rivals, AProbeAsksOnEachServedAddressAsAPhoneThatDoesNotExist) {
    const auto questions = ask();
    ASSERT_THAT(questions, SizeIs(2));
    EXPECT_EQ(questions[0].path.to.str(), "224.0.1.75:5060");
    EXPECT_EQ(questions[0].path.channel, Channel::unicast);
    EXPECT_EQ(questions[1].path.interface_index, 3);
    const auto understood = parse_subscribe(questions[0].bytes);
    ASSERT_TRUE(understood) << understood.error().what;
    EXPECT_EQ(find_mac(*understood)->bytes()[0] & 0x02, 0x02) << "no maker's phone is meant";
}

TEST_F(Rivals, AProbeFindsNobodyAndWeDoNotAnswerItOurselves) {
    for (const auto& question : ask()) {
        hears(question.bytes, "192.0.2.10:5060", 2);
        hears(question.bytes, "192.0.2.11:5060", 2);
    }
    pass(4999ms);
    EXPECT_FALSE(found);
    pass(1ms);
    ASSERT_TRUE(found);
    EXPECT_THAT(*found, IsEmpty());
    EXPECT_THAT(sent(), IsEmpty());
    EXPECT_THAT(asked, IsEmpty());
    EXPECT_EQ(counters().foreign_source, 0U);
}

TEST_F(Rivals, AProbeListsWhoAnswersByAddressAndWhereItWouldSendPhones) {
    const auto questions = ask();
    const auto call_id = parse_subscribe(questions[0].bytes)->call_id;
    hears(ok(questions[0].bytes), "192.0.2.66:5060", 2, Channel::unicast);
    hears(notify(call_id), "192.0.2.66:5060", 2, Channel::unicast);
    hears(ok(questions[1].bytes), "192.0.2.10:5070", 3, Channel::unicast); // on this machine
    hears(notify("of-another-dialog"), "192.0.2.67:5060", 2, Channel::unicast);
    pass(5s);
    ASSERT_TRUE(found);
    ASSERT_THAT(*found, SizeIs(2));
    EXPECT_EQ((*found)[0].sentence(), "192.0.2.66 (FreePBX 16) answers phones on eth0 and sends "
                                      "them to 192.0.2.66:8080");
    EXPECT_EQ((*found)[1].interface, "eth1");
}

TEST(ReadForeign, TakesNothingElse) {
    EXPECT_FALSE(read_foreign(data("htek.sip")));
    EXPECT_FALSE(read_foreign("SIP/2.0 200 OK\r\nCSeq: 1 NOTIFY\r\n\r\n"));
    EXPECT_FALSE(read_foreign("NOTIFY sip:a SIP/2.0\r\nEvent: message-summary\r\n\r\n"));
    EXPECT_FALSE(read_foreign("NOTIFY "));
}

} // namespace
} // namespace pnp
