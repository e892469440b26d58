// SPDX-License-Identifier: MIT
// Where a contact-me may go, its bytes, what answers mean, and what is learnt of the way to a
// phone.
#include "provisioning/wpi/contact_me.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using inventory::Reached;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using wpi::Heard;

const base::Ipv4 peer = *base::Ipv4::parse("10.20.31.77");
constexpr const char* good_uri = "http://10.20.31.77:8085/contact_dls.html/ContactDLS";

std::string target(std::string_view uri, const wpi::ContactMeRules& rules = {}) {
    const auto found = wpi::contact_me_target(uri, peer, rules);
    return found ? found->str() : "refused";
}

TEST(ContactMeTarget, IsThePhoneThatTheMessageCameFrom) {
    EXPECT_EQ(target(good_uri), "10.20.31.77:8085");
    EXPECT_EQ(target("\n  http://10.20.31.77:8085/contact_dls.html/ContactDLS\r\n\t"),
              "10.20.31.77:8085");
    EXPECT_EQ(target("HTTP://10.20.31.77/contact_dls.html/ContactDLS"), "10.20.31.77:80");
    EXPECT_EQ(target("http://10.20.31.77:443/contact_dls.html/ContactDLS"), "10.20.31.77:443");
}

TEST(ContactMeTarget, IsNeverAThirdHost) {
    for (const char* uri : {
             "http://10.20.31.78:8085/contact_dls.html/ContactDLS",
             "http://10.20.31.77@10.20.31.78:8085/contact_dls.html/ContactDLS",
             "http://10.20.31.78:8085@10.20.31.77:8085/contact_dls.html/ContactDLS",
             "http://10.20.31.77.evil.example:8085/contact_dls.html/ContactDLS",
             "http://phone:8085/contact_dls.html/ContactDLS",
             "http://127.0.0.1:8085/contact_dls.html/ContactDLS",
             "http://[::ffff:10.20.31.77]:8085/contact_dls.html/ContactDLS",
             "http://0x0a141f4d:8085/contact_dls.html/ContactDLS",
             "http://169090893:8085/contact_dls.html/ContactDLS",
             "http://010.020.031.077:8085/contact_dls.html/ContactDLS",
             "http://10.20.31.77 10.20.31.78:8085/contact_dls.html/ContactDLS",
             "http:///contact_dls.html/ContactDLS",
             "http://\\10.20.31.78/contact_dls.html/ContactDLS",
         }) {
        EXPECT_EQ(target(uri), "refused") << uri;
    }
}

TEST(ContactMeTarget, HasOneSchemeOnePathAndThreePorts) {
    for (const char* uri : {
             "",
             "10.20.31.77:8085/contact_dls.html/ContactDLS",
             "https://10.20.31.77:443/contact_dls.html/ContactDLS",
             "ftp://10.20.31.77:8085/contact_dls.html/ContactDLS",
             "http://10.20.31.77:8085",
             "http://10.20.31.77:8085/",
             "http://10.20.31.77:8085/contact_dls.html/ContactDLS/",
             "http://10.20.31.77:8085/contact_dls.html/ContactDLS?x=1",
             "http://10.20.31.77:8085/contact_dls.html/ContactDLS#x",
             "http://10.20.31.77:8085/contact_dls.html/contactdls",
             "http://10.20.31.77:8085/contact_dls.html/../contact_dls.html/ContactDLS",
             "http://10.20.31.77:8085//contact_dls.html/ContactDLS",
             "http://10.20.31.77:8085/contact_dls.html/ContactDLS\r\nX: y",
             "http://10.20.31.77:8086/contact_dls.html/ContactDLS",
             "http://10.20.31.77:22/contact_dls.html/ContactDLS",
             "http://10.20.31.77:0/contact_dls.html/ContactDLS",
             "http://10.20.31.77:73621/contact_dls.html/ContactDLS",
             "http://10.20.31.77:18446744073709559701/contact_dls.html/ContactDLS",
             "http://10.20.31.77:/contact_dls.html/ContactDLS",
             "http://10.20.31.77:+8085/contact_dls.html/ContactDLS",
             "http://10.20.31.77:8085:8085/contact_dls.html/ContactDLS",
         }) {
        EXPECT_EQ(target(uri), "refused") << uri;
    }
    EXPECT_EQ(target(std::string(300, ' ') + good_uri), "10.20.31.77:8085");
    EXPECT_EQ(target("http://10.20.31.77:8085/" + std::string(300, 'a')), "refused");
}

TEST(ContactMeTarget, MayBeInANetworkThatTheAdministratorNamed) {
    const wpi::ContactMeRules rules{{8085, 8086}, {*base::Network::parse("192.168.4.0/24")}};
    EXPECT_EQ(target("http://192.168.4.9:8086/contact_dls.html/ContactDLS", rules),
              "192.168.4.9:8086");
    EXPECT_EQ(target("http://192.168.5.9:8085/contact_dls.html/ContactDLS", rules), "refused");
    EXPECT_EQ(target("http://192.168.4.9:80/contact_dls.html/ContactDLS", rules), "refused");
    EXPECT_EQ(target(good_uri, rules), "10.20.31.77:8085");
    const wpi::ContactMeRules all{{8085}, {*base::Network::parse("0.0.0.0/0")}};
    EXPECT_EQ(target("http://224.0.1.75:8085/contact_dls.html/ContactDLS", all), "refused");
    EXPECT_EQ(target("http://255.255.255.255:8085/contact_dls.html/ContactDLS", all), "refused");
    EXPECT_EQ(target("http://0.0.0.0:8085/contact_dls.html/ContactDLS", all), "refused");
}

TEST(ContactMeTarget, SaysWhatIsWrongAndWhatHappensInstead) {
    const auto why = [](const char* uri) { return wpi::contact_me_target(uri, peer).error().what; };
    EXPECT_THAT(why("https://10.20.31.77:443/contact_dls.html/ContactDLS"),
                AllOf(HasSubstr("plain HTTP only"), HasSubstr("polling")));
    EXPECT_THAT(why("http://192.168.0.7:8085/contact_dls.html/ContactDLS"),
                AllOf(HasSubstr("10.20.31.77"), HasSubstr("is there a NAT?")));
    EXPECT_THAT(why("http://\x1b[2J"), Not(HasSubstr("\x1b")));
}

TEST(ContactMeRequest, HasTheBytesOfTheGuide) {
    EXPECT_EQ(wpi::contact_me_request(*base::Endpoint::parse("10.20.31.77:8085")),
              "POST /contact_dls.html/ContactDLS HTTP/1.1\r\n"
              "Host: 10.20.31.77:8085\r\n"
              "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n"
              "Content-Length: 14\r\n"
              "Connection: close\r\n"
              "\r\n"
              "ContactMe=true");
}

TEST(ContactMeAnswer, HasArrivedWith204Only) {
    const std::string arrived = "HTTP/1.1 204 No Content\r\nServer: DlsClient\r\n"
                                "Content-Length: 0\r\nContent-type: text/html\r\n\r\n";
    EXPECT_TRUE(wpi::read_contact_me_answer(arrived));
    EXPECT_TRUE(wpi::read_contact_me_answer("HTTP/1.0 204\n\n"));
    for (std::size_t size = 0; size < arrived.size(); ++size) {
        const auto answer = wpi::read_contact_me_answer(arrived.substr(0, size));
        ASSERT_FALSE(answer) << size;
        EXPECT_EQ(answer.error().code, base::Errc::truncated) << size;
    }
    EXPECT_THAT(wpi::read_contact_me_answer("HTTP/1.1 404 Not Found\r\n\r\n").error().what,
                HasSubstr("answers 404"));
    for (const char* other :
         {"HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/\r\n\r\n",
          "HTTP/1.1 2040 No\r\n\r\n", "HTTP/1.1 20\r\n\r\n", "HTTP/1.1  204\r\n\r\n",
          "HTTP/1.1204\r\n\r\n", "SSH-2.0-OpenSSH\r\n\r\n", "HTTP/2.1 204\r\n\r\n",
          "HTTP/1.\r\n\r\n"}) {
        const auto answer = wpi::read_contact_me_answer(other);
        ASSERT_FALSE(answer) << other;
        EXPECT_NE(answer.error().code, base::Errc::truncated) << other;
    }
    const auto endless = "HTTP/1.1 204 No Content\r\n" + std::string(5000, 'a');
    EXPECT_THAT(wpi::read_contact_me_answer(endless).error().what, HasSubstr("more than 4096"));
}

inventory::Workpoint phone_at(const char* uri) {
    inventory::Workpoint phone;
    phone.address = peer;
    phone.contact_me_uri = uri;
    return phone;
}

TEST(Reached, APhoneThatComesWhenItIsCalledIsCalled) {
    auto phone = phone_at(good_uri);
    wpi::learn(phone, Heard::from_elsewhere);
    EXPECT_EQ(phone.reached, Reached::unknown);
    EXPECT_TRUE(wpi::is_callable(phone)) << "it is tried";
    wpi::learn(phone, Heard::came_when_called);
    EXPECT_EQ(phone.reached, Reached::by_contact_me);
    EXPECT_TRUE(wpi::is_callable(phone));
}

TEST(Reached, OneContactMeInVainIsNothingAndTwoInARowLeaveThePhoneToItsPolls) {
    auto phone = phone_at(good_uri);
    phone.last_contact = 1'000;
    phone.last_poll = 2'000;
    wpi::learn(phone, Heard::came_when_called);
    wpi::learn(phone, Heard::did_not_come);
    EXPECT_EQ(phone.reached, Reached::by_contact_me);
    wpi::learn(phone, Heard::came_when_called);
    EXPECT_EQ(phone.contact_me_failures, 0U);
    wpi::learn(phone, Heard::did_not_come);
    EXPECT_TRUE(wpi::is_callable(phone));
    wpi::learn(phone, Heard::did_not_come);
    EXPECT_EQ(phone.reached, Reached::by_poll);
    EXPECT_FALSE(wpi::is_callable(phone));
    wpi::learn(phone, Heard::came_when_called);
    EXPECT_EQ(phone.reached, Reached::by_contact_me) << "a late one";
}

TEST(Reached, APhoneThatDoesNotPollIsCalledFiveTimesInVain) {
    for (const base::UnixMs last_poll : {0, 500}) { // never, or before it started
        auto phone = phone_at(good_uri);
        phone.last_contact = 1'000;
        phone.last_poll = last_poll;
        wpi::learn(phone, Heard::came_when_called);
        for (int call = 1; call < 5; ++call) {
            wpi::learn(phone, Heard::did_not_come);
            EXPECT_TRUE(wpi::is_callable(phone)) << call << ": nothing else would make it come";
        }
        wpi::learn(phone, Heard::did_not_come);
        EXPECT_FALSE(wpi::is_callable(phone)) << "its own next call is waited for";
    }
}

TEST(Reached, BehindANatAPhonePollsFromTheStart) {
    auto phone = phone_at("http://192.168.0.7:8085/contact_dls.html/ContactDLS");
    EXPECT_FALSE(wpi::is_callable(phone));
    wpi::learn(phone, Heard::from_elsewhere);
    EXPECT_EQ(phone.reached, Reached::by_poll);
    phone.address = *base::Ipv4::parse("192.168.0.7");
    wpi::learn(phone, Heard::from_elsewhere);
    EXPECT_EQ(phone.reached, Reached::unknown) << "it was carried to our side";
    EXPECT_TRUE(wpi::is_callable(phone));
}

TEST(Reached, APhoneThatMovedIsTriedAgain) {
    auto phone = phone_at(good_uri);
    phone.last_poll = 1'000;
    wpi::learn(phone, Heard::did_not_come);
    wpi::learn(phone, Heard::did_not_come);
    wpi::learn(phone, Heard::from_elsewhere);
    EXPECT_EQ(phone.reached, Reached::unknown);
    EXPECT_EQ(phone.contact_me_failures, 0U);
}

} // namespace
