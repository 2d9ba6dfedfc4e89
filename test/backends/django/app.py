"""Django REST framework with SimpleJWT, as its documentation sets it up, and a user called ada."""

import os
import sys

import django
from django.conf import settings

port, folder = sys.argv[1:3]
settings.configure(
    ALLOWED_HOSTS=["*"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.path.join(folder, "db")}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "rest_framework",
        "rest_framework_simplejwt",
        "rest_framework_simplejwt.token_blacklist",
    ],
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework_simplejwt.authentication.JWTAuthentication"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    },
    ROOT_URLCONF=__name__,
    SECRET_KEY=os.urandom(32).hex(),
    SIMPLE_JWT={"ROTATE_REFRESH_TOKENS": True, "BLACKLIST_AFTER_ROTATION": True},
    USE_TZ=True,
)
django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command, execute_from_command_line  # noqa: E402
from django.urls import path  # noqa: E402
from rest_framework.decorators import api_view, permission_classes  # noqa: E402
from rest_framework.permissions import AllowAny, IsAuthenticated  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken  # noqa: E402
from rest_framework_simplejwt.views import TokenObtainPairView, TokenRefreshView  # noqa: E402


@api_view()
@permission_classes([IsAuthenticated])
def me(request):
    return Response({"user": request.user.username})


@api_view(["POST"])
@permission_classes([AllowAny])
def refuse(request):
    for token in OutstandingToken.objects.all():
        BlacklistedToken.objects.get_or_create(token=token)
    return Response({})


urlpatterns = [
    path("api/token/", TokenObtainPairView.as_view()),
    path("api/token/refresh/", TokenRefreshView.as_view()),
    path("api/me/", me),
    path("refuse/", refuse),
]

call_command("migrate", verbosity=0)
get_user_model().objects.create_user("ada", password="lovelace")
execute_from_command_line([sys.argv[0], "runserver", "--noreload", f"127.0.0.1:{port}"])
