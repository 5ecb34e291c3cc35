"""Starts the reference endpoint for a test case of unittest, and stops it at the end. For pytest, see ../pytest."""

import subprocess
import unittest
import urllib.error
import urllib.parse
import urllib.request


class IamTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = subprocess.Popen(["iamspec", "serve", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
        cls.addClassCleanup(cls.server.wait)
        cls.addClassCleanup(cls.server.terminate)
        cls.addClassCleanup(cls.server.stdout.close)
        # The first line is the URL. The server responds from then on.
        cls.endpoint = cls.server.stdout.readline().strip()

    def create_user(self):
        form = {"Action": "CreateUser", "Version": "2010-05-08", "UserName": "alice"}
        try:
            with urllib.request.urlopen(self.endpoint, urllib.parse.urlencode(form).encode()) as response:
                return response.status
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    def test_user_is_created_once(self):
        self.assertEqual([self.create_user(), self.create_user()], [200, 409])
